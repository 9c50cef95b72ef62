/**
 * A node that is a virtual machine: QEMU in the node's box, whose network it takes over. So it dies with the box, and what it has
 * written, which is in the box's memory, too. Always emulated: where /dev/kvm is, it need not run a stock kernel.
 */
import { cpSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import * as paths from "../../base/paths.ts";
import { step } from "../../base/progress.ts";
import { type Box, configDirectory, inBox, startDaemon } from "../box/box.ts";
import { addresses, type NodeName, TAP } from "../box/network.ts";
import type { ImageSet } from "../build/images.ts";
import { toolPaths } from "../build/kubernetes.ts";
import { machinePaths } from "../build/machines.ts";
import { importCommand, RUNTIMES } from "../build/runtimes.ts";
import { pathInBox } from "../build/tools.ts";
import { run } from "../command.ts";
import type { Platform } from "../platform.ts";
import type { Api } from "./api.ts";
import { containerdCommand, kubeletCommand, untilReady, writeCredentials, writeFiles } from "./node.ts";
import { type NodeSpec, nodeFiles } from "./nodeConfig.ts";
import type { Secrets } from "./pki.ts";

/** The disk with what this start gives the machine, beside the node's files, which a box sees as `inBox.config`. */
const DISK = "machine.ext4";

/** AppArmor's, of the tests: the node loads them. */
const PROFILES = "apparmor-profiles";

/** From its start till the node is ready; a minute and a half on two idle cores. */
const READY_MS = 600_000;

/** QEMU and its options; what the machine's console says is its output. Part of the fingerprint. */
export function machineCommand(suite: string): readonly string[] {
  const { kernel, initrd, root } = machinePaths(suite);
  const kernelOptions = [
    // Emulated on a busy machine, the timer fails its check; and no other tenant is in there to be protected from.
    ...["root=/dev/vda", "rw", "console=ttyS0", "panic=1", "quiet", "no_timer_check", "mitigations=off"],
    // The names of its devices are then known ahead.
    "net.ifnames=0",
    ...["apparmor=1", "security=apparmor", "systemd.unified_cgroup_hierarchy=1"],
  ];
  return [
    ...["env", "TMPDIR=/run", "qemu-system-x86_64"],
    // A processor without AVX, which is slow to emulate.
    ...["-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "Westmere", "-smp", "2", "-m", "2048"],
    ...["-display", "none", "-monitor", "none", "-no-reboot"],
    // Not stdio: with no input, QEMU would ask for it all the time.
    ...["-chardev", "null,id=console,logfile=/dev/stdout,logappend=on", "-serial", "chardev:console"],
    ...["-kernel", kernel, "-initrd", initrd, "-append", kernelOptions.join(" ")],
    // What it writes goes to a file in the box's memory (TMPDIR) that has no name.
    ...["-drive", `file=${root},format=raw,if=virtio,snapshot=on`],
    ...["-drive", `file=${inBox.config}/${DISK},format=raw,if=virtio,readonly=on`],
    ...["-netdev", `tap,id=net,ifname=${TAP},script=no,downscript=no`, "-device", "virtio-net-pci,netdev=net"],
    ...["-device", "virtio-rng-pci"],
  ];
}

/** All that makes a stock Debian the node: file name -> text. Part of the fingerprint. */
export function machineFiles(spec: NodeSpec, platform: Platform, images: ImageSet): Readonly<Record<string, string>> {
  const imports = images.archives.map(
    (archive) => `ExecStartPost=${importCommand(platform.runtime, `${inBox.images}/${archive}`).join(" ")}`,
  );
  return {
    ...nodeFiles(spec, images.pause, { starter: platform.runtime === "crun" ? "crun" : "runc" }),
    "begin.sh": begin(spec.name),
    [PROFILES]: readFileSync(join(import.meta.dirname, PROFILES), "utf8"),
    "containerd.service": unit({
      description: "containerd, with the sandbox's images",
      command: containerdCommand(platform.runtime),
      service: ["Type=notify", "Delegate=yes", "KillMode=process", "OOMScoreAdjust=-999", ...imports],
    }),
    "kubelet.service": unit({
      description: "kubelet",
      command: kubeletCommand(toolPaths(platform.kubernetes), spec),
      unit: ["Requires=containerd.service", "After=containerd.service"],
      service: ["Restart=on-failure"],
    }),
  };
}

interface Unit {
  readonly description: string;
  readonly command: readonly string[];
  readonly unit?: readonly string[];
  readonly service: readonly string[];
}

const unit = ({ description, command, unit = [], service }: Unit): string =>
  [
    "[Unit]",
    `Description=${description}`,
    ...unit,
    "",
    "[Service]",
    `ExecStart=${command.join(" ")}`,
    ...service,
    // It is emulated: what takes seconds elsewhere takes minutes, and the one who waits has a deadline.
    "TimeoutStartSec=infinity",
    ...["StandardOutput=journal+console", "StandardError=journal+console"],
    "",
  ].join("\n");

const begin = (name: NodeName): string => `# Makes a stock Debian the node: run by sandbox.service, once it is up.
set -eu
echo "$(cut -d ' ' -f 1 /proc/uptime) s after its start: systemd is up"
hostname ${name}
sysctl -qw net.ipv4.ip_forward=1
apparmor_parser --replace ${inBox.config}/${PROFILES}
ip link set lo up
ip addr add ${addresses[name]}/24 dev eth0
ip link set eth0 up
ip route add default via ${addresses.control}
mkdir -p /run/systemd/system
cp ${inBox.config}/containerd.service ${inBox.config}/kubelet.service /run/systemd/system/
systemctl daemon-reload
systemctl start --no-block containerd kubelet
`;

/** Starts the machine. @throws SandboxError, with its console's log, when the node is not ready within 10 minutes */
export async function startMachine(
  box: Box,
  spec: NodeSpec,
  platform: Platform,
  suite: string,
  images: ImageSet,
  secrets: Secrets,
  api: Api,
): Promise<void> {
  writeFiles(spec.name, machineFiles(spec, platform, images));
  writeCredentials(spec.name, secrets);
  await makeDisk(spec.name, programsOf(platform), images.archives);
  await step(`node ${spec.name} ready (virtual machine)`, () =>
    untilReady(startDaemon(box, "machine", machineCommand(suite)), spec, api, READY_MS),
  );
}

/** Paths below `inBox.tools` of what the node runs. */
const programsOf = ({ runtime, kubernetes }: Platform): readonly string[] => [
  toolPaths(kubernetes).kubelet,
  ...RUNTIMES[runtime].families.map((family) => pathInBox(family)),
];

/** Makes the disk: the node's files, its programs and the images, where a box sees them. */
async function makeDisk(node: NodeName, programs: readonly string[], archives: readonly string[]): Promise<void> {
  const config = configDirectory(node);
  const tree = `${config}.disk`;
  const copies = [
    [config, inBox.config.replace("/etc/", "/opt/")],
    ...programs.map((path) => [path.replace(inBox.tools, paths.tools), path]),
    ...archives.map((archive) => [join(paths.images, archive), join(inBox.images, archive)]),
  ];
  for (const [from = "", to = ""] of copies)
    cpSync(from, join(tree, relative("/opt", to)), { recursive: true, dereference: true });
  // Never written: it needs no journal.
  const options = ["-t", "ext4", "-L", "sandbox", "-O", "^has_journal", "-d", tree];
  await run("mke2fs", ["-q", ...options, join(config, DISK), "4G"]);
  rmSync(tree, { recursive: true });
}
