import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { recordsOf } from "./imagined.ts";
import { SHELL } from "./shell.ts";

const PROBE = join(import.meta.dirname, "..", "..", "probe");

/** What the producer tells of its marker, where its looks at it end as these do, one after the other. */
function told(...answers: readonly string[]) {
  const script = `
    . ${PROBE}/lib.sh; . ${PROBE}/tools.sh; . ${PROBE}/marker.sh
    mounts=1 before=$(uptime_now) MOUNT_SECONDS=20
    put_marker() { nonce=n1; }
    slowly() { :; }
    leaves_bridge() { :; }
    set -- ${answers.join(" ")}
    answers="$*"
    read_marker() {
      set -- $answers
      errno=$1 out="run=r nonce=n1"
      shift
      answers="$*"
      if [ "$errno" = none ]; then errno=; fi
      [ -z "$errno" ]
    }
    write_marker`;
  const { stdout } = spawnSync(SHELL.program, [...SHELL.args, "-c", script], {
    encoding: "utf8",
    env: { PATH: process.env.PATH ?? "", RUN: "r", NODE: "n", ROLE: "producer" },
  });
  return recordsOf(stdout)
    .filter(({ step }) => step === "marker")
    .map(({ result, errno = "" }) => `${result} ${errno}`.trim());
}

describe("the producer's look at its own marker", () => {
  it("is repeated where it was not answered in time", () => assert.deepEqual(told("ETIMEDOUT", "none"), ["ok"]));
  it("is not, where there was an answer", () => assert.deepEqual(told("EIO", "none"), ["error EIO"]));
});
