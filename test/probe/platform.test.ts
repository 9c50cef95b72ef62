import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { recordsOf } from "./imagined.ts";

const PROBE = join(import.meta.dirname, "..", "..", "probe");
const FOLDER = mkdtempSync(join(tmpdir(), "platform-"));
const TABLE = join(FOLDER, "mountinfo");

/** What the probe tells of its platform, after a piece of shell that takes the place of a tool. */
function reported(before: string, mountinfo: string, shell: readonly string[] = ["busybox", "ash"]) {
  writeFileSync(TABLE, mountinfo);
  const [program = "", ...args] = shell;
  const script = `. ${PROBE}/lib.sh; . ${PROBE}/platform.sh; ${before}
log_platform`;
  const { stdout, stderr } = spawnSync(program, [...args, "-c", script], {
    encoding: "utf8",
    env: { PATH: process.env.PATH ?? "", RUN: "r", NODE: "n", ROLE: "producer", MOUNTINFO: TABLE },
  });
  const [found] = recordsOf(stdout);
  assert.ok(found?.step === "platform", stdout + stderr);
  return { ...found, stderr };
}

const HOSTS = (root: string) =>
  `612 600 8:1 ${root}/pods/0b0e-11/etc-hosts /etc/hosts rw,relatime - ext4 /dev/sda1 rw\n`;

describe("what the probe tells of its platform", () => {
  after(() => rmSync(FOLDER, { recursive: true }));

  it("is the kernel's own word, in whatever shell", () => {
    for (const shell of [["busybox", "ash"], ["dash"]]) {
      const { kernel, result, stderr } = reported("", "", shell);
      assert.deepEqual([kernel, result, stderr], [release(), "info", ""]);
    }
  });

  it("has the kubelet's root, wherever that is", () => {
    for (const root of ["/var/lib/kubelet", "/var/snap/microk8s/common/var/lib/kubelet", "/lib/k0s/kubelet"])
      assert.equal(reported("", `1 0 8:1 / / rw - ext4 /dev/sda1 rw\n${HOSTS(root)}`).kubelet_root, root);
  });

  it("has none where the root is a file system of its own, or where nothing is bound over the hosts", () => {
    assert.equal(reported("", HOSTS("")).kubelet_root, "");
    assert.equal(reported("", "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n").kubelet_root, "");
  });

  it("has the control groups, which busybox's stat has no word for", () => {
    const table = (type: string) => `30 1 0:26 / /sys/fs/cgroup ro,nosuid - ${type} cgroup rw\n`;
    for (const type of ["cgroup2", "tmpfs"]) assert.equal(reported("", table(type)).cgroups, type);
  });

  it("names the security modules that are on", () => {
    const modules = (lsm: string, apparmor: string, filesystems: string) =>
      reported(
        `cat() { case $1 in */lsm) echo '${lsm}' ;; */enabled) echo '${apparmor}' ;; *) command cat "$@" ;; esac; }
grep() { echo '${filesystems}' | command grep "$1" "$2"; }`,
        "",
      ).security;
    assert.equal(modules("lockdown,yama,apparmor", "Y", "nodev proc"), "lockdown,yama,apparmor");
    assert.equal(modules("", "Y", "nodev proc"), "apparmor");
    assert.equal(modules("", "N", "nodev selinuxfs"), "selinux");
    assert.equal(modules("", "", "nodev proc"), "none");
  });

  it("says nothing of what is not to be seen", () => {
    const { machine, cgroups } = reported("uname() { return 1; }", "");
    assert.deepEqual([machine, cgroups], ["", ""]);
  });
});
