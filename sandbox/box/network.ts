/**
 * The sandbox's network: a bridge inside the control plane's box, the nodes on it, and one interface (`fpt` and the instance's
 * digits) on the machine to reach it by. The bridge is not on the machine itself because a machine with Docker filters bridged packets.
 * No route leads out of it, and nothing but this machine reaches it.
 */
import { attempt, run } from "../command.ts";
import { instance } from "../instance.ts";
import { SandboxError } from "../problem.ts";
import type { Box } from "./box.ts";

/** At most 15 characters, the kernel's limit. */
export const machineInterface = `fpt${instance.id}`;

/** IPv4, each with a /24. */
export const addresses = {
  machine: `${instance.network}.1`,
  control: `${instance.network}.2`,
  "k3s-w1": `${instance.network}.11`,
  "k3s-w2": `${instance.network}.12`,
} as const;

export type NodeName = "k3s-w1" | "k3s-w2";

/** In the box of a virtual machine: the box's end of the machine's network card. */
export const TAP = "tap0";

/**
 * Connects boxes that are open.
 *
 * @param machine the node that is a virtual machine in its box
 * @throws SandboxError where the network's addresses are taken
 */
export async function connect(
  control: Box,
  nodes: readonly (Box & { name: NodeName })[],
  machine?: NodeName,
): Promise<void> {
  await removeInterface();
  await requireFreeNetwork();
  await ip(undefined, [
    `link add ${machineInterface} type veth peer name machine netns ${control.init.pid}`,
    `addr add ${addresses.machine}/24 dev ${machineInterface}`,
    `link set ${machineInterface} up`,
  ]);
  await ip(control, [
    "link set lo up",
    "link add bridge0 type bridge",
    `addr add ${addresses.control}/24 dev bridge0`,
    "link set machine master bridge0 up",
    "link set bridge0 up",
    ...nodes.flatMap(({ name, init }) => [
      `link add ${name} type veth peer name eth0 netns ${init.pid}`,
      `link set ${name} master bridge0 up`,
    ]),
  ]);
  await Promise.all(
    nodes.map((node) =>
      ip(node, ["link set lo up", "link set eth0 up", ...(machine === node.name ? throughTap : ownAddress(node.name))]),
    ),
  );
}

const ownAddress = (name: NodeName): string[] => [
  `addr add ${addresses[name]}/24 dev eth0`,
  `route add default via ${addresses.control}`,
];

/** The box itself has no address then: it passes on what comes for the machine in it. */
const throughTap = [
  "link add bridge1 type bridge",
  `tuntap add dev ${TAP} mode tap`,
  ...["eth0", TAP].map((name) => `link set ${name} master bridge1 up`),
  "link set bridge1 up",
];

/** @throws SandboxError where another interface of the machine has an address of this network */
async function requireFreeNetwork(): Promise<void> {
  const interfaces: Interface[] = JSON.parse(await run("ip", ["-4", "-json", "address"]));
  const taken = occupant(interfaces);
  if (taken === undefined) return;
  throw new SandboxError(
    `the interface ${taken} has an address of ${instance.network}.0/24, this sandbox's network`,
    "Set FUSE_TEST_CACHE to another directory: the network's number comes from its name.",
  );
}

interface Interface {
  readonly ifname: string;
  readonly addr_info: readonly { readonly local: string }[];
}

/** The name of an interface within this sandbox's network, from the output of `ip -4 -json address`. */
export const occupant = (interfaces: readonly Interface[]): string | undefined =>
  interfaces.find(({ addr_info }) => addr_info.some(({ local }) => local.startsWith(`${instance.network}.`)))?.ifname;

/** It vanishes with the control plane's box; this is for what a crash may leave. */
export async function removeInterface(): Promise<void> {
  await attempt("ip", ["link", "delete", machineInterface], { evenWhenStopping: true });
}

/** In the box's network, but with this machine's process numbers, which `netns PID` is given in. */
function ip(box: Box | undefined, lines: readonly string[]): Promise<string> {
  const inside = box ? [`--net=/proc/${box.init.pid}/ns/net`] : ["--net=/proc/self/ns/net"];
  return run("nsenter", [...inside, "ip", "-batch", "-"], { stdin: `${lines.join("\n")}\n` });
}
