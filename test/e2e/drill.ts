/** What happens to a daemon and its readers in the life of a cluster, done on the sandbox, and what the readers make of it. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { GOOD, lookScript, outageIn, parseLooks, type ReaderSample } from "../../core/recipe/looks.ts";
import { TRIAL_READERS } from "../../core/recipe/trial.ts";
import { runIn } from "../../sandbox/box/box.ts";
import { readRecord } from "../../sandbox/cluster/record.ts";
import { until } from "../until.ts";
import { kubectl, node, type SandboxDocument, succeeded } from "./sandbox.ts";

export const NODE = "k3s-w2";
export const NAMESPACE = "media";
export const PATH = "/mnt/media";
export const POINT = `${PATH}/remote`;
/** Of the daemon in each deployment: so little memory that it can be taken. */
export const MEMORY = { requests: { cpu: "50m", memory: "64Mi" }, limits: { cpu: "2", memory: "128Mi" } };

/** The readers as somebody has them before a recipe comes: nothing of the mount in it. */
export const readerDeployment = (image: string, podSpec: object = {}, container: object = {}): object => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "reader", namespace: NAMESPACE },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: "reader" } },
    template: {
      metadata: { labels: { app: "reader" } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: Object.entries(TRIAL_READERS).map(([name, runAsUser]) => ({
          name,
          image,
          command: ["sh", "-c", lookScript(POINT, { write: true })],
          env: [{ name: "ME", value: name }],
          securityContext: { runAsUser },
          ...container,
        })),
        ...podSpec,
      },
    },
  },
});

export interface Outcome {
  readonly fault: string;
  /** By the reader's container: what it saw meanwhile, and for how many milliseconds it had no mount; undefined where it has none yet. */
  readonly readers: Readonly<
    Record<string, { readonly seen: readonly string[]; readonly outageMs: number | undefined }>
  >;
  /** FUSE mounts at the mount point, and all mounts, in the node's own table. */
  readonly mounts: { readonly before: number; readonly most: number; readonly after: number };
  readonly table: { readonly before: number; readonly after: number };
}

/** Milliseconds after which a reader that is not back is given up. */
const PATIENCE_MS = 120_000;

export class Drill {
  readonly cluster: SandboxDocument;
  readonly node: string;
  constructor(cluster: SandboxDocument, node = NODE) {
    this.cluster = cluster;
    this.node = node;
  }

  kubectl = async (...args: string[]): Promise<string> => succeeded(await kubectl(this.cluster, args)).stdout;
  private inNamespace = (...args: string[]) => this.kubectl("-n", NAMESPACE, ...args);

  /** How the daemon's container ended the last time: its exit code. */
  async lastExit(): Promise<number> {
    const [pod = ""] = await this.podOf("app.kubernetes.io/name=media");
    const path = "{.status.containerStatuses[0].lastState.terminated.exitCode}";
    return Number(await this.inNamespace("get", pod, "-o", `jsonpath=${path}`));
  }

  /** How many times each container of the reader has been restarted. */
  async restarts(): Promise<number[]> {
    const [pod = ""] = await this.podOf("app=reader");
    const path = "{.status.containerStatuses[*].restartCount}";
    return (await this.inNamespace("get", pod, "-o", `jsonpath=${path}`)).split(" ").map(Number);
  }

  /** Each fault in an order in which the kubelet's back-off after several restarts of one container tells nothing. */
  readonly faults: Readonly<Record<string, () => Promise<unknown>>> = {
    "daemon killed (-9)": () => this.toDaemon("KILL"),
    "daemon's rollout": () => this.inNamespace("rollout", "restart", "deployment/media"),
    "daemon out of memory": () => this.exhaust(),
    "daemon's pod deleted by force": async () =>
      this.inNamespace("delete", "--force", "--grace-period=0", ...(await this.podOf("app.kubernetes.io/name=media"))),
    "daemon hangs (-STOP)": () => this.toDaemon("STOP"),
    "daemon's pod deleted": async () =>
      this.inNamespace("delete", "--wait=false", ...(await this.podOf("app.kubernetes.io/name=media"))),
    "kubelet restarted": async () => succeeded(await node("sandbox/main.ts", ["restart", "kubelet", NODE])),
  };

  /** Does it, and watches until every reader has the mount again. */
  async run(fault: string, patienceMs = PATIENCE_MS, settleMs = 8000): Promise<Outcome> {
    const before = { mounts: this.mounts(), table: this.table().length };
    const from = this.now();
    let most = 0;
    const timer = setInterval(() => {
      most = Math.max(most, this.mounts());
    }, 50);
    await this.faults[fault]?.();
    const end = performance.now() + patienceMs;
    let said = await this.said();
    const begun = performance.now();
    const isOver = () =>
      Object.values(said).every(
        (lines) =>
          lines.at(-1)?.state === GOOD &&
          this.now() - (lines.at(-1)?.at ?? 0) < 2 &&
          (lines.some(({ at, state }) => at > from && state !== GOOD) || performance.now() - begun > settleMs),
      );
    while (!isOver() && performance.now() < end) {
      await sleep(300);
      said = await this.said();
    }
    // What comes back too early, and goes again.
    await sleep(2000);
    said = await this.said();
    clearInterval(timer);
    return {
      fault,
      readers: Object.fromEntries(
        Object.entries(said).map(([name, lines]) => [name, outageIn(lines, from, this.now())]),
      ),
      mounts: { before: before.mounts, most, after: this.mounts() },
      table: { before: before.table, after: this.table().length },
    };
  }

  /** What each reader has said, its container's earlier lives included. */
  async said(): Promise<Record<string, readonly ReaderSample[]>> {
    const [pod = ""] = await this.podOf("app=reader");
    const all = await Promise.all(
      Object.keys(TRIAL_READERS).map(async (name) => {
        const { stdout } = await kubectl(this.cluster, ["-n", NAMESPACE, "logs", pod, "-c", name]);
        return [name, parseLooks(stdout)] as const;
      }),
    );
    return Object.fromEntries(all);
  }

  /** Every state that each reader's container of the newest pod has said, in their order. */
  async seen(): Promise<string[][]> {
    const all = await until(
      () => this.said(),
      (said) => Object.values(said).every((lines) => lines.length > 0),
    );
    return Object.values(all).map((lines) => [...new Set(lines.map(({ state }) => state))]);
  }

  /** The newest pod with that label, as `pod/NAME`. */
  async podOf(label: string): Promise<string[]> {
    const names = await this.inNamespace(
      "get",
      "pods",
      "-l",
      label,
      "--sort-by=.metadata.creationTimestamp",
      "-o",
      "name",
    );
    return names.split("\n").filter(Boolean).slice(-1);
  }

  /** The node's mount table, in the kernel's words. */
  table(): string[] {
    return readFileSync(`/proc/${boxOf(this.node).init.pid}/mountinfo`, "utf8").split("\n");
  }

  mounts(): number {
    return this.table().filter((line) => line.split(" ")[4] === POINT && / - fuse/.test(line)).length;
  }

  /** Takes away what a deployment has left on the node. @returns how many mounts that were */
  async clear(): Promise<number> {
    const left = this.mounts();
    for (let nth = 0; nth < left; nth++) await this.onNode("umount", "-l", POINT);
    await this.onNode("rm", "-rf", "--one-file-system", PATH);
    return left;
  }

  /** What lies in the plain directory below the mount, once that is gone. */
  below(): string[] {
    return readdirSync(`/proc/${boxOf(this.node).init.pid}/root${POINT}`);
  }

  /** Seconds since the boot, as the readers have them. */
  now(): number {
    return Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
  }

  /** A signal for the daemon, from the node: its process may be the first of its container, which nobody in there can stop. */
  private toDaemon(signal: string): Promise<string> {
    return this.signal("rclone", signal);
  }

  /** A signal for a program of the node, by its name: a box has processes of its own. */
  signal(program: string, signal: string): Promise<string> {
    const find = `grep -lx ${program} /proc/[0-9]*/comm 2>/dev/null | cut -d/ -f3`;
    return this.onNode("sh", "-c", `kill -${signal} $(${find})`);
  }

  /** Runs a program in the node's own namespaces, as its root. */
  onNode(...command: string[]): Promise<string> {
    return runIn(boxOf(this.node), command);
  }

  /** More memory than the container's limit, with the daemon as the first whom the kernel ends. */
  private exhaust(): Promise<unknown> {
    // Many small ones: a single large one would be the first itself.
    const hog = "(head -c 8000000 /dev/zero; sleep 15) | tail -c 8000000 >/dev/null &";
    const script = `echo 1000 >/proc/$(pidof rclone)/oom_score_adj; for one in $(seq 20); do ${hog} done; wait`;
    return kubectl(this.cluster, [
      "-n",
      NAMESPACE,
      "exec",
      "deployment/media",
      "-c",
      "daemon",
      "--",
      "sh",
      "-c",
      script,
    ]);
  }
}

function boxOf(node: string) {
  const found = readRecord()?.boxes.find(({ name }) => name === node);
  if (!found) throw new Error(`the sandbox has no ${node}`);
  return found;
}

/** One line a fault: what the readers had to do without, and what is on the host. */
export function printTable(what: string, outcomes: readonly Outcome[]): void {
  console.log(
    `\n      ${what}: outage of each reader in ms, what it saw (write/list); mounts at the point before/most/after; mount table`,
  );
  for (const { fault, readers, mounts, table } of outcomes) {
    const said = Object.entries(readers).map(
      ([name, { outageMs, seen }]) => `${name} ${outageMs ?? "not back"} (${seen.join(" ") || "nothing"})`,
    );
    console.log(
      `      | ${fault} | ${said.join(" | ")} | ${mounts.before}/${mounts.most}/${mounts.after} | ${table.before}->${table.after} |`,
    );
  }
}
