import assert from "node:assert/strict";
import { bridgeFault } from "../../../core/settings/validators.ts";

const OWN = [
  "/tmp/bridge",
  "/tmp/a/b",
  "/var/tmp/bridge",
  "/mnt/storage",
  "/srv/bridge",
  "/media/usb",
  "/srv/media",
  "/opt/own/fuse-bridge",
  "/tank/fuse-bridge",
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
  "/nix/store",
  "/gnu/store",
  "/snap/microk8s",
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
const PARENTS = [
  // Somebody else's, by no name of ours.
  "/home/me/.ssh",
  "/home/me/Documents",
  "/home/fuse/Documents",
  "/nix",
  "/opt/own/bridge",
  "/opt/local-path-provisioner",
  "/pool/vm-images",
  "/var/snap/microk8s/common",
  // Hidden directories are what a program keeps for itself.
  "/home/me/.cache/fuse-bridge",
  "/mnt/pool/.zfs/fuse-bridge",
  "/tmp/.X11-unix",
  "/data",
  "/home",
  "/home/alice",
  "/run",
  "/var",
  "/var/lib",
  "/var/tmp",
  "/var/lib/postgresql/data",
];

describe("the bridge directory", () => {
  for (const path of OWN) it(`may be ${path}`, () => assert.equal(bridgeFault(path), undefined));
  for (const path of [...SYSTEM, ...SYSTEM.map((tree) => `${tree}/fuse-bridge`), ...PARENTS])
    it(`must not be ${path}`, () => assert.match(bridgeFault(path) ?? "", /such as \/(tmp|run)\/fuse/));
});
