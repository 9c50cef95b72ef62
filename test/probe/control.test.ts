/** The negative control: what the readers of its pod take its word for stands in its own log. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ofStep } from "../core/evidence/evidence.ts";
import { until } from "../until.ts";
import { type ImaginedNode, imaginedNode, recordsOf } from "./imagined.ts";
import { SHELL } from "./shell.ts";

/** Keeps the log as it is when the control's word of its first look reaches the readers. */
const KEEP = `
mv() {
  case $2 in */control) [ -e "$TMPDIR/log.then" ] || command cp "$TMPDIR/log" "$TMPDIR/log.then" ;; esac
  command mv "$@"
}
`;

describe("control", () => {
  let node: ImaginedNode;
  before(async () => {
    node = imaginedNode();
    appendFileSync(join(node.probe, "lib.sh"), KEEP);
    const log = openSync(fileOf("log"), "w");
    const child = spawn(SHELL.program, [...SHELL.args, join(node.probe, "consumer.sh")], {
      stdio: ["ignore", log, "ignore"],
      env: {
        ...node.environment,
        ROLE: "control",
        MARKER_WAIT_SECONDS: "30",
        INSPECT_SECONDS: "30",
        WATCH_SECONDS: "30",
      },
    });
    closeSync(log);
    const ended = once(child, "close");
    // On a busy machine the first look may take seconds.
    await until(() => existsSync(fileOf("log.then")));
    child.kill();
    await ended;
  });
  after(() => node.remove());

  const fileOf = (name: string): string => join(node.environment.TMPDIR ?? "", name);
  const reported = (name: string) =>
    ofStep(recordsOf(readFileSync(fileOf(name), "utf8")), "control").map(({ result }) => result);

  it("tells its log what it sees", () => assert.deepEqual(reported("log"), ["ok"]));

  it("tells the readers only afterwards: a SUCCESS must not rest on what no log has", () =>
    assert.deepEqual(reported("log.then"), ["ok"]));
});
