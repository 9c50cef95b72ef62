import assert from "node:assert/strict";
import { recordsOf } from "./imagined.ts";
import { runPiece } from "./shell.ts";

/** What the producer tells of its marker, where its looks at it end as these do, one after the other. */
function reported(...answers: readonly string[]) {
  const script = `
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
  const { stdout } = runPiece(["tools.sh", "marker.sh"], script, { environment: { ROLE: "producer" } });
  return recordsOf(stdout)
    .filter(({ step }) => step === "marker")
    .map(({ result, errno = "" }) => `${result} ${errno}`.trim());
}

describe("the producer's look at its own marker", () => {
  it("is repeated where it was not answered in time", () => assert.deepEqual(reported("ETIMEDOUT", "none"), ["ok"]));
  it("is not, where there was an answer", () => assert.deepEqual(reported("EIO", "none"), ["error EIO"]));
});
