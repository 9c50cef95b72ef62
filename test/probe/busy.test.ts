import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { ofStep } from "../core/evidence/evidence.ts";
import { type ImaginedNode, imaginedNode, recordsOf } from "./imagined.ts";
import { SHELL } from "./shell.ts";

/** A question to the kernel takes a tenth of a second more: a node on which all takes twice or three times as long. */
const BUSY = `
bounded() { sleep 0.12; out=1 errno=; }
`;

interface Ended {
  readonly seconds: number;
  readonly stdout: string;
}

describe("the schedule on a busy node", () => {
  const nodes: ImaginedNode[] = [];
  after(() => {
    for (const node of nodes) node.remove();
  });

  async function run(environment: Record<string, string>, command: (node: ImaginedNode) => string[]): Promise<Ended> {
    const node = imaginedNode();
    nodes.push(node);
    const from = performance.now();
    const child = spawn(SHELL.program, [...SHELL.args, ...command(node)], {
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...node.environment, ROLE: "default", STRETCH: "6", ...environment },
    });
    const stdout = await text(child.stdout);
    return { seconds: (performance.now() - from) / 1000, stdout };
  }
  const shell = (script: string, environment: Record<string, string> = {}) =>
    run(environment, ({ probe }) => ["-c", `. '${probe}/lib.sh'; ${script}`]);

  let stretched: Ended;
  let limited: Ended;
  let idle: Ended;
  let slowAnswer: Ended;
  let noAnswer: Ended;
  let reader: Ended;
  before(async () => {
    // Each takes its time, so they run side by side.
    [stretched, limited, idle, slowAnswer, noAnswer, reader] = await Promise.all([
      shell(`${BUSY} hold 2`),
      shell(`bounded() { sleep 1; out=1; }; hold 1; echo $slow`, { STRETCH: "2" }),
      shell("bounded() { out=1; }; ticks; from=$ticks; hold 1; ticks; record pace info end took $((ticks - from))"),
      shell(`slow=300; bounded sleep 9 || echo "$errno $out"`),
      shell("bounded sleep 9; gauge; echo $slow", { STRETCH: "100" }),
      run({ AFTERWARDS: "end", MARKER_WAIT_SECONDS: "1", INSPECT_SECONDS: "2", WATCH_SECONDS: "2" }, ({ probe }) => {
        appendFileSync(join(probe, "lib.sh"), BUSY);
        return [join(probe, "consumer.sh")];
      }),
    ]);
  });

  it("is stretched, and says so", () => {
    assert.ok(stretched.seconds >= 3, `${stretched.seconds} s`);
    const [pace] = ofStep(recordsOf(stretched.stdout), "pace");
    assert.deepEqual([pace?.step, pace?.seconds], ["pace", "2"]);
    assert.ok(Number(pace?.took) >= 3);
  });

  it("is stretched by the limit at most, however slow the node is", () => {
    assert.ok(limited.seconds >= 1.9, `${limited.seconds} s`);
    assert.match(limited.stdout, /\n200\n$/);
    assert.ok(Number(ofStep(recordsOf(limited.stdout), "pace")[0]?.took) <= 4, limited.stdout);
  });

  it("is what it was where the node is idle", () => {
    const [end] = ofStep(recordsOf(idle.stdout), "pace");
    assert.ok(Number(end?.took) >= 100, idle.stdout);
  });

  it("gives a question as much more time", () => {
    assert.equal(slowAnswer.stdout.trim(), "ETIMEDOUT no answer within 3 s: sleep 9");
  });

  it("takes no daemon that hangs for a slow node", () => {
    assert.ok(Number(noAnswer.stdout.trim()) < 1500, noAnswer.stdout);
  });

  it("keeps a reader looking as long as its producer's schedule lasts", () => {
    assert.ok(reader.seconds >= 3, `${reader.seconds} s`);
    assert.ok(reader.stdout.includes("ERROR: Producer marker never appeared after 1 seconds!"), reader.stdout);
  });
});
