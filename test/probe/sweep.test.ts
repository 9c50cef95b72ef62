import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PAIR_SCENARIOS } from "../../core/contract/scenarios.ts";
import { MANY_MOUNTS } from "../../core/contract/variation.ts";
import { SHELL } from "./shell.ts";

const SCRIPT = join(import.meta.dirname, "..", "..", "probe", "sweep.sh");
const LONG_AGO = new Date("2020-01-01");
const NOW = String(Math.floor(Date.now() / 1000));

/** Takes the place of the kernel: a mount whose source is `dead` does not answer, one with `busy` cannot be taken away. */
const TOOLS = `
cat() {
  case $1 in
    */marker)
      if grep -q " \${1%/marker} .* dead rw" "$MOUNTINFO"; then echo "cat: $1: Transport endpoint is not connected"; return 1; fi
      if grep -q " \${1%/marker} .*user_id=1000" "$MOUNTINFO"; then echo "cat: $1: Permission denied"; return 1; fi ;;
  esac
  command cat "$@"
}
umount() {
  if grep -q " $2 .*options=busy" "$MOUNTINFO"; then echo "umount: $2: Device or resource busy"; return 1; fi
  awk -v path="$2" '{ line[NR] = $0 } $5 == path { last = NR } END { for (i = 1; i <= NR; i++) if (i != last) print line[i] }' \\
    "$MOUNTINFO" >"$MOUNTINFO.new"
  mv "$MOUNTINFO.new" "$MOUNTINFO"
}
`;

describe("sweep", () => {
  let folder: string;
  let host: string;
  let bridge: string;
  let table: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sweep-"));
    host = join(folder, "host");
    bridge = join(host, "media");
    table = join(folder, "mountinfo");
    mkdirSync(bridge, { recursive: true });
    mounted();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Each mount as "type source path", the path below the bridge as the kernel writes it. */
  function mounted(...mounts: readonly string[]): void {
    const lines = mounts.map((mount, index) => {
      const [type, source, at, options = "rw"] = mount.split(" ");
      return `${90 + index} 30 0:${78 + index} / ${join(bridge, at ?? "")} rw shared:3 - ${type} ${source} ${options}\n`;
    });
    writeFileSync(table, `27 1 254:0 / / rw - ext4 /dev/vda rw\n${lines.join("")}`);
  }
  const stillMounted = () =>
    [...readFileSync(table, "utf8").matchAll(/ - (\S+ \S+)/g)].map(([, found]) => found).slice(1);
  const made = (...names: readonly string[]) => {
    for (const name of names) mkdirSync(join(bridge, name), { recursive: true });
  };
  const old = (...names: readonly string[]) => {
    for (const name of names) utimesSync(join(bridge, name), LONG_AGO, LONG_AGO);
  };
  const stamp = () => writeFileSync(join(bridge, ".fuse-propagation-test"), "");

  function sweep(task: "check" | "unmount", since: string, more: Record<string, string> = {}): string[] {
    const script = `${TOOLS}\n${readFileSync(SCRIPT, "utf8")}`;
    const { stdout, stderr } = spawnSync(SHELL.program, [...SHELL.args, "-c", script, "sweep", task], {
      encoding: "utf8",
      env: {
        PATH: process.env.PATH ?? "",
        NAME: "media",
        SCENARIOS: PAIR_SCENARIOS.map(({ id }) => id).join(" "),
        SINCE: since,
        HOST: host,
        BRIDGE: bridge,
        MOUNTINFO: table,
        TMPDIR: folder,
        ...more,
      },
    });
    assert.equal(stderr, "");
    return stdout.replaceAll(bridge, "B").split("\n").filter(Boolean);
  }

  describe("of mounts", () => {
    it("takes the test's own that are dead, wherever it makes any", () => {
      const own = ["fuse", "late-consumer/fuse", "parent-vs-leaf", "permissions/root-only"];
      for (let number = 2; number <= MANY_MOUNTS; number++) own.push(`many-mounts/fuse-${number}`);
      mounted(...own.map((at) => `fuse.rclone dead ${at}`));
      assert.deepEqual(sweep("unmount", NOW).sort(), own.map((at) => `unmounted B/${at}`).sort());
      assert.deepEqual(stillMounted(), []);
    });

    it("takes a living one that carries the test's marker", () => {
      made("fuse");
      writeFileSync(join(bridge, "fuse", "marker"), "run=earlier nonce=1\n");
      mounted("fuse.rclone /tmp/source fuse");
      assert.deepEqual(sweep("unmount", NOW), ["unmounted B/fuse"]);
    });

    it("takes what a sidecar has left in the volume of its pod, and that volume, where it is bound into its directory", () => {
      mounted("tmpfs tmpfs same-pod-memory/window", "fuse.rclone dead same-pod-memory/window/fuse");
      const volume = `/var/lib/kubelet/pods/12-ab/volumes/kubernetes.io~empty-dir/bridge ${join(bridge, "same-pod/window")}`;
      appendFileSync(table, `120 30 254:0 ${volume} rw shared:1 - ext4 /dev/vda rw\n`);
      assert.deepEqual(sweep("unmount", NOW), [
        "unmounted B/same-pod/window",
        "unmounted B/same-pod-memory/window/fuse",
        "unmounted B/same-pod-memory/window",
      ]);
      assert.deepEqual(stillMounted(), []);
    });

    it("takes no other mount that lies there", () => {
      mounted("ext4 /dev/vdb same-pod/window", "tmpfs tmpfs same-pod/other", "tmpfs tmpfs window");
      assert.deepEqual(sweep("unmount", NOW), []);
      assert.deepEqual(
        sweep("check", NOW).map((line) => line.split(" ")[0]),
        ["foreign", "foreign", "foreign"],
      );
    });

    it("takes those of one scenario alone where it is told to", () => {
      mounted(...["fuse", "same-pod/fuse", "late-consumer/fuse"].map((at) => `fuse.rclone dead ${at}`));
      assert.deepEqual(sweep("unmount", NOW, { ONLY: "same-pod" }), ["unmounted B/same-pod/fuse"]);
    });

    it("takes a variant of the permission matrix that root may not look into, by its source", () => {
      const [own, foreign] = ["permissions/user-conf-only", "permissions/user-noconf-only"];
      mounted(
        `fuse.rclone /tmp/tmp.x/user-conf-only/source ${own} rw,user_id=1000`,
        `fuse.rclone media: ${foreign} rw,user_id=1000`,
      );
      const lines = sweep("unmount", NOW);
      assert.deepEqual(
        lines.filter((line) => line.startsWith("unmounted")),
        [`unmounted B/${own}`],
      );
      assert.deepEqual(stillMounted(), ["fuse.rclone media:"]);
    });

    it("leaves every mount of somebody else: living, of another kind, at another place, or with another below it", () => {
      made("fuse");
      const foreign = [
        "fuse.rclone media: fuse",
        "nfs4 nas:/media producer-restart/fuse",
        "ext4 /dev/sdb1 films",
        "fuse.rclone dead other",
        "fuse.mergerfs dead late-consumer/fuse",
        "ext4 /dev/sdc1 late-consumer/fuse/films",
      ];
      mounted(...foreign);
      const lines = sweep("unmount", NOW);
      assert.deepEqual(lines.map((line) => line.split(":")[0]).sort(), [
        "foreign B/fuse",
        "foreign B/late-consumer/fuse",
      ]);
      assert.equal(stillMounted().length, foreign.length);
    });

    it("goes on where one cannot be taken, and stops at somebody else's below its own", () => {
      made("fuse");
      mounted(
        "fuse.rclone dead slow-mount/fuse rw,options=busy",
        "fuse.rclone media: fuse",
        "fuse.rclone dead fuse",
        "fuse.rclone dead daemon-hang/fuse",
      );
      const lines = sweep("unmount", NOW).map((line) => line.split(":")[0]);
      assert.deepEqual(lines, [
        "stuck B/slow-mount/fuse",
        "unmounted B/fuse",
        "foreign B/fuse",
        "unmounted B/daemon-hang/fuse",
      ]);
      assert.deepEqual(stillMounted(), ["fuse.rclone dead", "fuse.rclone media:"]);
    });

    it("names them all by their real path, and tells the test's own places from the others", () => {
      mounted("fuse.rclone dead fuse", "fuse.rclone media: My\\040Films", "ext4 /dev/sdb1 .");
      assert.deepEqual(sweep("check", NOW), ["mount fuse.rclone media/fuse", "foreign fuse.rclone media/My Films"]);
    });
  });

  describe("of directories", () => {
    const names = ["fuse", "late-consumer/fuse", "permissions/root-only"];

    it("removes the bridge that was made for the test, whoever made it: its producer's stamp tells, or its age", () => {
      for (const [marked, since] of [
        [true, ""],
        [true, NOW],
        [false, NOW],
      ] as const) {
        made(...names);
        if (marked) stamp();
        assert.deepEqual(sweep("check", since), ["directory removed"]);
        assert.ok(!existsSync(bridge));
      }
    });

    it("keeps one that was there before, with its empty directories, and removes what the test made in it", () => {
      made(...names, "films");
      old("fuse", ".");
      assert.deepEqual(sweep("check", NOW), ["directory stays, since it was there before the test"]);
      assert.deepEqual(
        [...names, "films", "late-consumer"].filter((name) => existsSync(join(bridge, name))),
        ["fuse", "films"],
      );
    });

    it("keeps one of which nothing is known, and says so", () => {
      made(...names);
      assert.match(sweep("check", "").join(), /^directory kept \(nothing tells whether/);
      assert.ok(names.every((name) => existsSync(join(bridge, name))));
    });

    it("removes what a producer has left for the pods that follow, in a bridge of somebody else's, too", () => {
      utimesSync(bridge, LONG_AGO, LONG_AGO);
      for (const end of ["log", "turns"]) writeFileSync(join(bridge, `.fuse-propagation-test.${end}`), "");
      sweep("check", NOW);
      for (const end of ["log", "turns"])
        assert.equal(existsSync(join(bridge, `.fuse-propagation-test.${end}`)), false, end);
      assert.equal(existsSync(bridge), true);
    });

    it("keeps its own that is not empty, with the stamp for the next sweep", () => {
      made(...names, "films");
      stamp();
      assert.deepEqual(sweep("check", ""), ["directory kept (not empty): films "]);
      rmSync(join(bridge, "films"), { recursive: true });
      assert.deepEqual(sweep("check", ""), ["directory removed"]);
    });

    it("removes no mount point of somebody else's, and nothing while a mount of its own is left", () => {
      made("fuse", "slow-mount/fuse");
      stamp();
      mounted("fuse.rclone dead fuse");
      sweep("check", NOW);
      assert.ok(existsSync(join(bridge, "slow-mount/fuse")));
      mounted("ext4 /dev/sdb1 films");
      assert.deepEqual(sweep("check", NOW), ["foreign ext4 media/films"]);
      assert.ok(!existsSync(join(bridge, "slow-mount")) && existsSync(bridge));
    });
  });
});
