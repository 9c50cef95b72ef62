import assert from "node:assert/strict";
import { existsSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ofStep } from "../core/evidence/evidence.ts";
import { type ImaginedNode, imaginedNode } from "./imagined.ts";
import { endsWithin, type Life, live, stepsOf } from "./live.ts";

const MOUNTED = ["daemon", "mount", "marker"];
const RECOVERED = [...MOUNTED, "unmount-in-order"];
const GONE = ["unmount"];

describe("producer", () => {
  const nodes: ImaginedNode[] = [];
  const node = (layout: "parent" | "leaf" = "parent"): ImaginedNode => {
    const made = imaginedNode(layout);
    nodes.push(made);
    return made;
  };
  after(() => {
    for (const made of nodes) made.remove();
  });
  /** The same node, were the bridge a directory of a pool of disks. */
  const pool = (made: ImaginedNode): ImaginedNode => {
    const table = made.environment.MOUNTINFO ?? "";
    writeFileSync(table, made.mountTable().replace(/ - ext4 (\S+ rw)\n$/, " - fuse.mergerfs $1\n"));
    return made;
  };

  /** The second life of a container whose first one was killed for its memory. */
  const ranOutBefore = (made: ImaginedNode): Promise<Life> => {
    writeFileSync(join(made.findings, "died"), "12.10\n12.40\n");
    made.mount("fuse.imagined", "dead");
    return live(made, { FAULT: "oom", MEMORY_MIB: "6", SETTLE_SECONDS: "60" });
  };

  const cases: readonly [
    what: string,
    environment: Record<string, string>,
    layout: "parent" | "leaf",
    steps: readonly string[],
  ][] = [
    ["holds one mount where there is no fault", { FAULT: "none" }, "parent", [...MOUNTED, ...GONE]],
    [
      "mounts as many as are asked, and takes all of them away",
      { FAULT: "none", MOUNTS: "4" },
      "parent",
      [...MOUNTED, "many", "many", ...GONE],
    ],
    [
      "kills the daemon and mounts again",
      { FAULT: "crash" },
      "parent",
      [...MOUNTED, "crash crash", "clean", ...RECOVERED, ...GONE],
    ],
    [
      "mounts once more for inspection",
      { FAULT: "crash", AFTERWARDS: "inspect" },
      "parent",
      [...MOUNTED, "crash crash", "clean", ...RECOVERED, ...MOUNTED, "inspect", ...GONE],
    ],
    [
      "stops the daemon and aborts its connection",
      { FAULT: "hang", PROBE_SECONDS: "4" },
      "parent",
      [...MOUNTED, "crash hang", "abort", "clean", ...RECOVERED, ...GONE],
    ],
    [
      "claims no crash where the daemon outlives its kill, and holds the mount",
      { FAULT: "crash", OUTLIVES: "yes" },
      "parent",
      [...MOUNTED, "crash crash!", ...GONE],
    ],
    [
      "claims no death of its own either, and dies no second time",
      { FAULT: "die", OUTLIVES: "yes" },
      "parent",
      [...MOUNTED, "crash die!", ...GONE],
    ],
    [
      "takes no more than twice its limit where nobody keeps that, and claims no death",
      { FAULT: "oom", MEMORY_MIB: "6" },
      "parent",
      [...MOUNTED, "died", "crash oom!", ...GONE],
    ],
    [
      "takes nothing at all where its limit is a good part of a node",
      { FAULT: "oom", MEMORY_MIB: "2048" },
      "parent",
      [...MOUNTED, "crash oom!", ...GONE],
    ],
    [
      "takes nothing where nobody says what its limit is",
      { FAULT: "oom" },
      "parent",
      [...MOUNTED, "crash oom!", ...GONE],
    ],
    [
      "claims no clean-up where the dead mount stays in the table",
      { FAULT: "crash", STUCK: "yes" },
      "parent",
      [...MOUNTED, "crash crash", "clean!", ...MOUNTED, "unmount-in-order", ...GONE],
    ],
    [
      "claims no kill where the daemon was dead already",
      { FAULT: "crash", LIVES_SECONDS: "3", HOLD_SECONDS: "6" },
      "parent",
      [...MOUNTED, "daemon!", "clean", ...MOUNTED, "unmount-in-order", ...GONE],
    ],
    [
      "tells how a daemon ended that mounted and was gone",
      { LIVES_SECONDS: "0" },
      "parent",
      ["daemon", "mount!", ...GONE],
    ],
    [
      "finds nothing to unmount at the start where the volume is the parent",
      { FAULT: "none", UNMOUNT_AT_START: "yes" },
      "parent",
      ["unmount-at-start!", ...MOUNTED, ...GONE],
    ],
    [
      "unmounts the volume at the start where that is the mount point",
      { FAULT: "none", UNMOUNT_AT_START: "yes" },
      "leaf",
      ["unmount-at-start", ...MOUNTED, ...GONE],
    ],
    [
      "leaves the volume alone where it is the mount point",
      { FAULT: "crash" },
      "leaf",
      [...MOUNTED, "crash crash", "clean", ...RECOVERED, ...GONE],
    ],
    [
      "gives up on a daemon slower than the limit, and ends",
      { DELAY_SECONDS: "9", MOUNT_SECONDS: "1" },
      "parent",
      ["daemon", "mount!", ...GONE],
    ],
  ];
  const lives = new Map<string, Life>();
  const tables = new Map<string, string>();
  let hung: Life;
  let inspected: Life;
  let died: readonly [first: Life, second: Life];
  let ranOut: Life;
  let delayed: Life;
  let pooled: Life;
  let vanished: Life;
  let vanishedFiles: string[];
  let besideScenarios: string;

  before(async () => {
    // Each takes its schedule, so they run side by side.
    const [restarted, plain, wide] = [node(), node(), node()];
    wide.mount("fuse.imagined", "dead", "leaf-restart/fuse");
    wide.mount("fuse.imagined", "source", "oom/fuse");
    // Somebody else's, in a bridge that is not the test's alone.
    wide.mount("fuse.rclone", "dead", "remote");
    // A directory that is older than the pod stays, with whatever is left in it.
    utimesSync(join(plain.bridge, "fuse"), 0, 0);
    await Promise.all([
      ...cases.map(async ([what, environment, layout]) => {
        const own = node(layout);
        lives.set(what, await live(own, environment));
        tables.set(what, own.mountTable());
      }),
      live(node(), { FAULT: "hang", STALE_SECONDS: "60", PROBE_SECONDS: "4" }, "crash").then((life) => {
        hung = life;
      }),
      live(node(), { FAULT: "none", AFTERWARDS: "inspect", INSPECT_SECONDS: "60" }, "inspect").then((life) => {
        inspected = life;
      }),
      live(node(), { FAULT: "none", DELAY_SECONDS: "1" }).then((life) => {
        delayed = life;
      }),
      live(pool(node()), { FAULT: "none", DELAY_SECONDS: "1" }).then((life) => {
        pooled = life;
      }),
      live(plain, { FAULT: "none", VANISHES: "yes" }).then((life) => {
        vanished = life;
        vanishedFiles = readdirSync(plain.bridge, { recursive: true })
          .map(String)
          .filter((name) => /marker|held/.test(name));
      }),
      live(wide, { FAULT: "none", AFTERWARDS: "inspect", SCENARIOS: "leaf-restart oom" }).then(() => {
        besideScenarios = wide.mountTable();
      }),
      ranOutBefore(node()).then((life) => {
        ranOut = life;
      }),
      live(restarted, { FAULT: "die" }).then(async (first) => {
        assert.ok(existsSync(join(restarted.findings, "died")));
        died = [first, await live(restarted, { FAULT: "die", SETTLE_SECONDS: "60" })];
      }),
    ]);
  });

  for (const [what, , layout, steps] of cases)
    it(what, () => {
      const life = lives.get(what);
      assert.ok(life);
      assert.deepEqual(stepsOf(life), steps);
      assert.equal(life.code, 0);
      const volume = layout === "parent" || what.includes("unmounts the volume") ? 0 : 1;
      assert.equal(tables.get(what)?.match(/ \/\S*\/fuse /g)?.length ?? 0, volume, tables.get(what));
    });

  it("says how many mounts there are before and after, with the size of its mount table, and leaves none", () => {
    const what = "mounts as many as are asked, and takes all of them away";
    const [before, then] = ofStep(lives.get(what)?.records ?? [], "many");
    assert.deepEqual([before?.seen, then?.seen, then?.asked, then?.result], ["1", "4", "4", "ok"]);
    assert.equal(Number(then?.table) - Number(before?.table), 3);
    assert.doesNotMatch(tables.get(what) ?? "", /fuse/);
  });

  it("takes the dead mounts of scenarios away at its end, and no other: their own producers may not start again", () => {
    assert.doesNotMatch(besideScenarios, /leaf-restart/);
    assert.match(besideScenarios, /\/oom\/fuse /);
    assert.match(besideScenarios, /\/remote .* dead/);
  });

  it("dies with its daemon, and goes on with the schedule in its next life", () => {
    const [first, second] = died;
    assert.deepEqual([first.code, second.code], [137, 0]);
    assert.deepEqual(stepsOf(first), [...MOUNTED, "crash die"]);
    assert.deepEqual(stepsOf(second), ["stale", ...RECOVERED, ...GONE]);
    assert.equal(ofStep(second.records, "mount")[0]?.mount, "2");
  });

  it("tells in its next life of the death of one that ran out of memory, and when that was last alive", () => {
    assert.equal(ranOut.code, 0);
    assert.deepEqual(stepsOf(ranOut), ["crash oom", "stale", ...RECOVERED, ...GONE]);
    const [crash] = ofStep(ranOut.records, "crash");
    assert.deepEqual([crash?.at, crash?.errno], ["12.40", "ENOTCONN"]);
    assert.match(crash?.mountinfo ?? "", / - fuse\.imagined dead rw$/);
  });

  it("says how much it took, and of which limit, where nobody kept that", () => {
    const of = (what: string) => ofStep(lives.get(what)?.records ?? [], "crash")[0]?.detail ?? "";
    assert.match(
      of("takes no more than twice its limit where nobody keeps that, and claims no death"),
      /16 MiB .*6 MiB/,
    );
    assert.match(of("takes nothing at all where its limit is a good part of a node"), /2048 MiB is too much/);
  });

  it("tells the exit code of a daemon that died by itself", () => {
    const life = lives.get("claims no kill where the daemon was dead already");
    assert.equal(ofStep(life?.records ?? [], "daemon").find(({ result }) => result === "error")?.exit_code, "7");
  });

  it("tells the exit code of one that was gone before anyone looked at its mount", () => {
    const life = lives.get("tells how a daemon ended that mounted and was gone");
    const [mount] = ofStep(life?.records ?? [], "mount");
    assert.equal(mount?.exit_code, "7");
    assert.match(mount.mountinfo ?? "", / - fuse\./);
  });

  it("lets everyone go at once when it is ended while the daemon hangs", () => {
    assert.deepEqual(stepsOf(hung), [...MOUNTED, "crash hang", "abort", ...GONE]);
    endsWithin(hung, 3000);
  });

  it("says when the daemon was struck, and by which error it has seen it dead", () => {
    const crash = (what: string) => ofStep(lives.get(what)?.records ?? [], "crash")[0];
    const killed = crash("kills the daemon and mounts again");
    assert.equal(killed?.errno, "ENOTCONN");
    assert.ok(Number(killed.at) <= killed.uptime);
    assert.equal(crash("stops the daemon and aborts its connection")?.errno, "ETIMEDOUT");
    const outlived = crash("claims no crash where the daemon outlives its kill, and holds the mount");
    assert.match(outlived?.detail ?? "", /still answers/);
  });

  it("takes no bridge that is FUSE itself for the daemon's mount", () => {
    const [daemon, mount] = ["daemon", "mount"].map((name) => pooled.records.find(({ step }) => step === name));
    assert.match(mount?.mountinfo ?? "", / \S+\/bridge\/fuse rw shared:2 - fuse\.imagined /);
    assert.ok((mount?.uptime ?? 0) - (daemon?.uptime ?? 0) >= 0.9, "the daemon needed a second");
  });

  it("takes back what it has written into the bridge itself, and calls it no marker", () => {
    const marker = vanished.records.find(({ step }) => step === "marker");
    assert.deepEqual([marker?.result, vanishedFiles], ["error", []]);
    assert.match(marker?.detail ?? "", /on the bridge's own device 1/);
  });

  it("takes a live mount away within two seconds of SIGTERM", () => {
    assert.deepEqual(stepsOf(inspected), [...MOUNTED, "inspect", ...GONE]);
    endsWithin(inspected, 2000);
  });

  it("names the daemon before its delay, and the mount after it", () => {
    const at = (name: string) => delayed.records.find(({ step }) => step === name)?.uptime ?? Number.NaN;
    assert.ok(at("mount") - at("daemon") >= 0.9, JSON.stringify(delayed.records));
  });
});
