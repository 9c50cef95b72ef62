import assert from "node:assert/strict";
import { bridgeFault } from "../../core/facts.ts";

const OWN = [
  "/tmp/bridge",
  "/tmp/a/b",
  "/var/tmp/bridge",
  "/mnt/storage",
  "/srv/bridge",
  "/media/usb",
  "/opt/own/bridge",
  "/data/bridge",
  "/home/alice/fuse-bridge",
  "/run/fuse-bridge",
  "/run/my-fuse/bridge",
  "/var/fuse-bridge",
  "/var/lib/own/fuse-bridge",
  "/var/lib/fuse-test/bridge",
];

/** Neither these nor what lies below them, whatever its name. */
const SYSTEM = [
  "/opt/cni",
  "/opt/containerd",
  "/root",
  "/run/flannel",
  "/run/k3s",
  "/run/systemd",
  "/run/udev",
  "/run/user",
  "/var/cache",
  "/var/lib/cni",
  "/var/lib/crio",
  "/var/lib/dpkg",
  "/var/lib/k0s",
  "/var/lib/rpm",
  "/var/lib/systemd",
  "/var/log",
  "/var/log/journal",
  "/var/spool",
];

/** What lies below may be the test's own. */
const PARENTS = ["/data", "/home", "/home/alice", "/run", "/var", "/var/lib", "/var/tmp", "/var/lib/postgresql/data"];

describe("the bridge directory", () => {
  for (const path of OWN) it(`may be ${path}`, () => assert.equal(bridgeFault(path), undefined));
  for (const path of [...SYSTEM, ...SYSTEM.map((tree) => `${tree}/fuse-bridge`), ...PARENTS])
    it(`must not be ${path}`, () => assert.match(bridgeFault(path) ?? "", /such as \/(tmp|run)\/fuse/));
});
