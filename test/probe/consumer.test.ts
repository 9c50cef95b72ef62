import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { judge } from "../../core/diagnosis/verdict.ts";
import { altered, evidence, mounted, ofStep } from "../core/evidence/evidence.ts";
import { type ImaginedNode, imaginedNode, recordsOf } from "./imagined.ts";
import { SHELL } from "./shell.ts";

const PROBE = join(import.meta.dirname, "..", "..", "probe");
const MARKER = "run=r nonce=ccf6d907-3f62-401b-b093-0358ca26b7d9\n";

/** Runs the consumer on a plain directory, until it has decided. */
function consume(bridge: string, role: string, probe = PROBE, more: Record<string, string> = {}): Promise<string> {
  const child = spawn(SHELL.program, [...SHELL.args, join(probe, "consumer.sh")], {
    stdio: ["ignore", "pipe", "ignore"],
    env: {
      PATH: process.env.PATH ?? "",
      RUN: "r",
      NODE: "k3s-w2",
      ROLE: role,
      BRIDGE: bridge,
      FINDINGS: bridge,
      PROBE_SECONDS: "1",
      STRETCH: "1",
      MARKER_WAIT_SECONDS: "1",
      // Longer than a busy machine takes until then.
      INSPECT_SECONDS: "60",
      WATCH_SECONDS: "60",
      ...more,
    },
  });
  let log = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    log += piece;
    if (recordsOf(log).some(({ step }) => step === "verdict" || step === "control")) child.kill("SIGTERM");
  });
  return once(child, "close").then(() => log);
}

describe("consumer", () => {
  const folders: string[] = [];
  const bridge = (marker?: string): string => {
    const folder = mkdtempSync(join(tmpdir(), "bridge-"));
    folders.push(folder);
    mkdirSync(join(folder, "fuse"));
    if (marker) writeFileSync(join(folder, "fuse", "marker"), marker);
    return folder;
  };
  const others: (() => Promise<void>)[] = [];
  let logs: { readonly empty: string; readonly hollow: string; readonly control: string };
  before(async () => {
    // Each takes its whole window, so they run side by side.
    const [empty, hollow, control] = await Promise.all([
      consume(bridge(), "default", PROBE, { AFTERWARDS: "end" }),
      consume(bridge(MARKER), "default"),
      consume(bridge(MARKER), "control"),
      ...others.map((run) => run()),
    ]);
    logs = { empty, hollow, control };
  });
  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  it("says exactly the mission's line when the marker never appears", () => {
    assert.ok(logs.empty.split("\n").includes("ERROR: Producer marker never appeared after 1 seconds!"), logs.empty);
    assert.ok(recordsOf(logs.empty).some(({ step, errno }) => step === "read" && errno === "ENOENT"));
  });

  it("never says SUCCESS for a plain file in the bridge, even with this run's own words in it", () => {
    assert.ok(!logs.hollow.includes("SUCCESS"), logs.hollow);
    assert.ok(logs.hollow.includes("ERROR: Producer marker never appeared after 1 seconds!"), logs.hollow);
  });

  it("leaves evidence that a plain file is hollow, which is judged so", () => {
    assert.equal(judge(evidence({ records: recordsOf(logs.hollow), final: true }))?.cause, "hollow-success");
  });

  it("tells the readers of its pod what the control sees", () => {
    const reported = ofStep(recordsOf(logs.control), "control");
    assert.deepEqual(
      reported.map(({ kind }) => kind),
      ["late"],
    );
  });

  describe("whose daemon hangs between the read and the question for the device", () => {
    let log: string;
    others.push(async () => {
      const node = imaginedNode();
      writeFileSync(join(node.bridge, "fuse", "marker"), MARKER);
      appendFileSync(
        node.environment.MOUNTINFO ?? "",
        `99 30 0:77 / ${join(node.bridge, "fuse")} rw - fuse.imagined s rw\n`,
      );
      log = await consume(node.bridge, "default", node.probe, {
        ...node.environment,
        STAT_SAYS: "Connection timed out",
      });
      node.remove();
    });

    it("has failed to read, with that error, and doubts nothing", () => {
      const reported = recordsOf(log).filter(({ step }) => step === "read" || step === "doubt");
      assert.deepEqual(
        reported.map(({ step, result, errno }) => `${step} ${result} ${errno}`),
        ["read error ETIMEDOUT"],
      );
    });
  });

  describe("that was created after the mount", () => {
    let log: string;
    others.push(async () => {
      const node = imaginedNode();
      const at = join(node.bridge, "fuse");
      writeFileSync(join(at, "marker"), MARKER);
      appendFileSync(node.environment.MOUNTINFO ?? "", `99 30 0:77 / ${at} rw - fuse.imagined s rw\n`);
      log = await consume(node.bridge, "default", node.probe, node.environment);
      node.remove();
    });

    it("proves nothing by what it was born with", () => {
      assert.ok(!log.includes("SUCCESS"), log);
      assert.equal(ofStep(recordsOf(log), "doubt")[0]?.kind, "reader-late");
    });
  });

  describe("on a bridge that is FUSE itself", () => {
    let log: string;
    others.push(async () => {
      const node = imaginedNode();
      writeFileSync(join(node.bridge, "fuse", "marker"), MARKER);
      const table = node.environment.MOUNTINFO ?? "";
      writeFileSync(table, node.mountTable().replace(/ - ext4 (\S+ rw)\n$/, " - fuse.mergerfs $1\n"));
      log = await consume(node.bridge, "default", node.probe, node.environment);
      node.remove();
    });

    it("takes it for what it is: no mount of the daemon's, and a plain file for a hollow marker", () => {
      assert.equal(ofStep(recordsOf(log), "start")[0]?.fuse_at_start, "no");
      const read = ofStep(recordsOf(log), "read")[0];
      assert.deepEqual([read?.result, read?.mountinfo, read?.fstype], ["ok", "", "the bridge's fuse.mergerfs"]);
      assert.equal(judge(evidence({ records: recordsOf(log), final: true }))?.cause, "hollow-success");
    });
  });

  describe("of a remote that needs longer for a read than the probe waits", () => {
    let log: string;
    others.push(async () => {
      const node = imaginedNode();
      const point = join(node.bridge, "fuse");
      writeFileSync(join(point, "marker"), MARKER);
      appendFileSync(node.environment.MOUNTINFO ?? "", `99 30 0:77 / ${point} rw - fuse.imagined s rw\n`);
      const slow = { ...node.environment, READ_TAKES: "2", INSPECT_SECONDS: "6" };
      log = await consume(node.bridge, "default", node.probe, slow);
      node.remove();
    });

    it("says how long an answer takes, once", () => {
      const reported = ofStep(recordsOf(log), "slow");
      assert.equal(reported.length, 1, log);
      assert.ok(Number(reported[0]?.seconds) >= 2, log);
    });

    it("is judged so", () => {
      // The log has this machine's clock, which may have been started a minute ago.
      const started = Math.min(...recordsOf(log).map(({ uptime }) => uptime));
      const records = [...mounted.map((record) => ({ ...record, uptime: started })), ...recordsOf(log)];
      const hardened = recordsOf(log).map((record) => altered(record, { role: "hardened" }));
      assert.equal(judge(evidence({ records: [...records, ...hardened], final: true }))?.cause, "daemon-slow");
    });
  });

  describe("that is restarted where a daemon is back, and not its mount", () => {
    let log: string;
    others.push(async () => {
      const node = imaginedNode();
      const point = join(node.bridge, "fuse");
      writeFileSync(join(point, "marker"), MARKER);
      appendFileSync(node.environment.MOUNTINFO ?? "", `99 30 0:77 / ${point} rw master:2 - fuse.imagined s rw\n`);
      const given = {
        ...node.environment,
        RESTART: "yes",
        RESTART_SECONDS: "2",
        MARKER_WAIT_SECONDS: "60",
        INSPECT_SECONDS: "60",
      };
      const reading = consume(node.bridge, "default", node.probe, given);
      // It may have looked by then, or not yet: only what it has read can be lost.
      setTimeout(() => rmSync(join(point, "marker")), 3000);
      log = await reading;
      node.remove();
    });

    it("ends when it has failed to read for so long, though it has never said SUCCESS", () => {
      const records = recordsOf(log);
      const failed = records.find(({ step, result }) => step === "read" && result === "error");
      const [ended] = ofStep(records, "restart");
      assert.deepEqual(ofStep(records, "verdict"), [], log);
      assert.ok(failed && ended && ended.uptime - failed.uptime >= 1.5, log);
    });
  });

  describe("that is restarted", () => {
    const NONCES = ["ccf6d907-3f62-401b-b093-0358ca26b7d9", "faa71249-0000-4000-8000-000000000000"] as const;
    interface Life {
      readonly code: number | null;
      readonly log: string;
    }
    let node: ImaginedNode;
    let lives: readonly Life[];

    /** One life of a container; `react` is told of each step, to change what the node shows, or to end the life. */
    async function live(
      role: string,
      bridge: string,
      react: (step: string, log: string, end: () => void) => void,
    ): Promise<Life> {
      const child = spawn(SHELL.program, [...SHELL.args, join(node.probe, "consumer.sh")], {
        stdio: ["ignore", "pipe", "ignore"],
        env: {
          ...node.environment,
          ROLE: role,
          BRIDGE: bridge,
          RESTART: "yes",
          AFTERWARDS: "end",
          // Longer than a busy machine takes for both lives, which end before.
          MARKER_WAIT_SECONDS: "60",
          INSPECT_SECONDS: "60",
          WATCH_SECONDS: "60",
        },
      });
      let log = "";
      let reported = 0;
      child.stdout.setEncoding("utf8").on("data", (piece: string) => {
        log += piece;
        const steps = recordsOf(log).map(({ step, result }) => `${step} ${result}`);
        for (; reported < steps.length; reported++) react(steps[reported] ?? "", log, () => child.kill("SIGTERM"));
      });
      const [code] = (await once(child, "close")) as [number | null];
      return { code, log };
    }

    async function restart(): Promise<void> {
      node = imaginedNode();
      const marker = join(node.bridge, "fuse", "marker");
      // At once: of an empty file it would be told that it was read.
      const show = (index: 0 | 1) => {
        writeFileSync(`${marker}.new`, `run=r nonce=${NONCES[index]}\n`);
        renameSync(`${marker}.new`, marker);
      };
      // At its end a file proves nothing: it must be longer than what two lives read of it.
      writeFileSync(join(node.bridge, "fuse", "held"), Buffer.alloc(8 << 20));
      const line = `99 30 0:77 / ${join(node.bridge, "fuse")} rw - fuse.imagined s rw\n`;
      // The control sees another directory, and lives through both lives of the reader.
      let endControl = () => {};
      const control = live("control", node.findings, (_step, _log, end) => {
        endControl = end;
      });
      const first = await live("default", node.bridge, (step) => {
        if (step === "start info") {
          appendFileSync(node.environment.MOUNTINFO ?? "", line);
          show(0);
        }
        if (step === "held ok") rmSync(marker, { force: true });
      });
      const second = await live("default", node.bridge, (step, log, end) => {
        if (step === "read error" && !log.includes("SUCCESS")) show(1);
        if (step === "held ok") rmSync(marker, { force: true });
        if (step === "look error") end();
      });
      endControl();
      lives = [first, second, await control];
    }
    after(() => node.remove());
    others.push(restart);

    const stepsOf = (life: Life | undefined) =>
      recordsOf(life?.log ?? "")
        .filter(({ step }) => !["identity", "held", "look"].includes(step))
        .map(({ step, result }) => `${step} ${result}`);

    it("ends at its first failed read after SUCCESS", () => {
      const steps = stepsOf(lives[0]);
      // It may look before the mount is there.
      assert.deepEqual(
        steps.filter((step, index) => step !== "read error" || index > steps.indexOf("read ok")),
        ["start info", "read ok", "verdict ok", "read error", "restart info"],
      );
      assert.equal(lives[0]?.code, 1);
    });

    it("decides again on the mount it sees then, and never ends for that reason again", () => {
      const [, second] = lives;
      const verdict = ofStep(recordsOf(second?.log ?? ""), "verdict")[0];
      assert.deepEqual(stepsOf(second), [
        "start info",
        "read error",
        "read ok",
        "verdict ok",
        "read error",
        "finish info",
      ]);
      assert.equal(verdict?.nonce, NONCES[1]);
      assert.equal(second?.code, 0);
    });

    it("decides only when the control has begun to look after its own look, and tells both times", () => {
      for (const { log } of lives.slice(0, 2)) {
        const verdict = ofStep(recordsOf(log), "verdict")[0];
        assert.ok(Number(verdict?.control_uptime) > Number(verdict?.seen_until), JSON.stringify(verdict));
      }
    });

    it("says again that it cannot read, about each second, after a SUCCESS and before it ends", () => {
      const reported = ofStep(recordsOf(lives[1]?.log ?? ""), "look");
      assert.ok(reported.length > 0);
      for (const { result, errno, looked, uptime } of reported) {
        assert.deepEqual([result, errno], ["error", "ENOENT"]);
        assert.ok(Number(looked) <= uptime);
      }
    });

    it("leaves the control as it is", () => {
      assert.deepEqual(stepsOf(lives[2]), ["start info", "platform info", "read error", "control ok", "finish info"]);
      assert.equal(lives[2]?.code, 0);
    });
  });
});
