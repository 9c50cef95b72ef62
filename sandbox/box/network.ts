/**
 * The sandbox's network: a bridge inside the control plane's box, the nodes on it, and one interface `fpt0` on the
 * machine to reach it by. The bridge is not on the machine itself because a machine with Docker filters bridged packets.
 * No route leads out of it, and nothing but this machine reaches it.
 */
import { attempt, run } from "../base/command.ts";
import type { Box } from "./box.ts";

export const machineInterface = "fpt0";

/** Of the range for benchmarks between networks (RFC 2544), which no real network uses. */
export const addresses = {
  machine: "198.19.77.1",
  control: "198.19.77.2",
  "k3s-w1": "198.19.77.11",
  "k3s-w2": "198.19.77.12",
} as const;

export type NodeName = "k3s-w1" | "k3s-w2";

export async function connect(control: Box, nodes: readonly (Box & { name: NodeName })[]): Promise<void> {
  await removeInterface();
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
      ip(node, [
        "link set lo up",
        `addr add ${addresses[node.name]}/24 dev eth0`,
        "link set eth0 up",
        `route add default via ${addresses.control}`,
      ]),
    ),
  );
}

/** It vanishes with the control plane's box; this is for what a crash may leave. */
export async function removeInterface(): Promise<void> {
  await attempt("ip", ["link", "delete", machineInterface], { whatever: true });
}

/** In the box's network, but with this machine's process numbers, which `netns PID` is given in. */
function ip(box: Box | undefined, lines: readonly string[]): Promise<string> {
  const inside = box ? [`--net=/proc/${box.init.pid}/ns/net`] : ["--net=/proc/self/ns/net"];
  return run("nsenter", [...inside, "ip", "-batch", "-"], { stdin: `${lines.join("\n")}\n` });
}
