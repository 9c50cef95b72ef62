/** Sandboxes of several caches on one machine, and the machine's own things, do not reach each other. */
import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseMounts } from "../../base/mounts.ts";
import { ownGroups, prefix } from "../../sandbox/box/cgroups.ts";
import { machineInterface, occupant } from "../../sandbox/box/network.ts";
import { difference, minorsOf } from "../../sandbox/box/teardown.ts";
import { removeEmpty } from "../../sandbox/build/images.ts";
import { instance, instanceOf } from "../../sandbox/instance.ts";

const ROOT = join(import.meta.dirname, "../..");

describe("the sandbox of one cache directory", () => {
  let machine = "";
  beforeEach(() => {
    machine = mkdtempSync(join(tmpdir(), "machine-"));
  });
  afterEach(() => rmSync(machine, { recursive: true }));
  const inside = (path: string) => {
    mkdirSync(join(machine, path), { recursive: true });
    return join(machine, path);
  };

  it("has names and addresses that another's has not, and the same under a second name of the directory", () => {
    const [one, other] = [instanceOf(inside("one")), instanceOf(inside("other"))];
    notEqual(one.id, other.id);
    match(one.network, /^198\.19\.\d+$/);
    symlinkSync(join(machine, "one"), join(machine, "link"));
    deepEqual(instanceOf(join(machine, "link")), one);
    // The kernel's limit for an interface's name is 15 characters.
    equal(machineInterface, `fpt${instance.id}`);
  });

  it("takes only control groups of its own for its own", () => {
    for (const name of [`${prefix}control/init`, "fpt-0a1b2c-control/init", "fpt-control", "libpod_parent"])
      inside(name);
    deepEqual(
      ownGroups({ kind: "v2", trees: [machine] }).map((path) => path.slice(machine.length + 1)),
      [`${prefix}control`, `${prefix}control/init`],
    );
  });

  it("does not use a network in which another interface has an address", () => {
    const address = (ifname: string, local: string) => ({ ifname, addr_info: [{ local }] });
    equal(occupant([address("eth0", "192.0.2.7"), address("veth0", `${instance.network}.1`)]), "veth0");
    equal(occupant([address("eth0", `1${instance.network}.1`)]), undefined);
  });

  it("aborts no FUSE connection that is mounted outside of its boxes", () => {
    const line = (minor: number, type: string) =>
      `90 80 0:${minor} / /mnt/${minor} rw,nosuid shared:4 - ${type} source rw`;
    const boxes = [
      line(51, "fuse.rclone"),
      line(52, "fuse"),
      line(53, "fuseblk"),
      line(54, "fusectl"),
      line(55, "ext4"),
    ];
    const minors = (lines: readonly string[]) => minorsOf(parseMounts(lines.join("\n")));
    deepEqual(minors(boxes), ["51", "52", "53"]);
    deepEqual([...difference(new Set(minors([line(52, "fuse")])), new Set(minors(boxes)))], ["51", "53"]);
  });

  it("leaves a directory that somebody has put something into meanwhile", () => {
    const [empty, used] = [inside("empty"), inside("containers")];
    writeFileSync(join(used, "storage.lock"), "");
    removeEmpty(empty);
    removeEmpty(used);
    deepEqual([existsSync(empty), existsSync(join(used, "storage.lock"))], [false, true]);
  });

  it("keeps everything in a directory of its own below FUSE_TEST_CACHE, which may be anybody's", () => {
    const entry = `import { cache, runsFolder } from "./base/paths.ts"; console.log(cache, runsFolder)`;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", entry], {
      cwd: ROOT,
      env: { ...process.env, FUSE_TEST_CACHE: machine, FUSE_TEST_RUNS: "" },
      encoding: "utf8",
    });
    const own = join(machine, "fuse-propagation-test");
    equal(stdout.trim(), `${own} ${join(own, "runs")}`);
  });
});
