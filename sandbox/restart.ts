/** Restarts a node's kubelet or container runtime, as `systemctl restart` does: what runs below them stays. */
import { isAlive } from "../base/identity.ts";
import { until } from "../base/stop.ts";
import { type Daemon, startDaemon } from "./box/box.ts";
import { readRecord, writeRecord } from "./cluster/record.ts";
import { onlyChildOf } from "./host/proc.ts";
import { exclusively } from "./lock.ts";
import { suiteOf } from "./platform.ts";
import { SandboxError } from "./problem.ts";

/** By what the user calls a service: the daemon's name in its box. */
export const SERVICES = { kubelet: "kubelet", runtime: "containerd" } as const;

/** How long a daemon may take to end after SIGTERM, in milliseconds. systemd waits 90 s. */
const END_MS = 20_000;

/** @throws SandboxError where the sandbox is not up, has no such node, or the daemon does not end */
export function restart(service: keyof typeof SERVICES, node: string): Promise<void> {
  return exclusively(async () => {
    const record = readRecord();
    const box = record?.boxes.find(({ name }) => name === node);
    const daemon = box?.daemons.find(({ name }) => name === SERVICES[service]);
    if (record && suiteOf(record.sandbox, node))
      throw new SandboxError(
        `${node} is a virtual machine, whose services only its own systemd restarts`,
        "Take the sandbox without --machine.",
      );
    if (!record || !box || !daemon)
      throw new SandboxError(
        `there is no ${SERVICES[service]} of a node ${node}`,
        "npm run sandbox -- status names the nodes",
      );
    await end(daemon);
    box.daemons.splice(box.daemons.indexOf(daemon), 1);
    startDaemon(box, daemon.name, daemon.command, true);
    writeRecord(record);
  });
}

/** Its process is the child of the one that entered the box for it. */
async function end(daemon: Daemon): Promise<void> {
  const child = onlyChildOf(daemon.process.pid);
  process.kill(Number.isNaN(child) ? daemon.process.pid : child, "SIGTERM");
  const late = () => new SandboxError(`${daemon.name} does not end`, "Its log says why.", daemon.log);
  await until(() => (isAlive(daemon.process) ? undefined : true), { every: 20, within: END_MS, late });
}
