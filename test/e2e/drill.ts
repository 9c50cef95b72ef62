/** What happens to a daemon and its readers in the life of a cluster, done on the sandbox, and what the readers make of it. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { runIn } from "../../sandbox/box/box.ts";
import { readRecord } from "../../sandbox/cluster/record.ts";
import { until } from "../until.ts";
import { kubectl, node, type SandboxDocument, succeeded } from "./sandbox.ts";

export const NODE = "k3s-w2";
export const NAMESPACE = "media";
export const PATH = "/mnt/media";
export const POINT = `${PATH}/remote`;
/** The readers' containers, by their user. */
export const USERS = { root: 0, user: 1000 } as const;

/**
 * A reader writes and lists through the mount, again and again, and says what came of it as `write/list`, at each change and at least
 * every second: `ok` on the FUSE file system, `below` where the file lies in the plain directory, `empty` where that was listed, `hung`, or the
 * errno.
 */
const READER = `
is_there() { grep -q ' ${POINT} .* - fuse' /proc/self/mountinfo; }
try() {
  words=$(LC_ALL=C timeout -s KILL 1 sh -c "$1" 2>&1); code=$?
  case $code-$words in
    0-*) if is_there; then echo ok; else echo "$2"; fi ;;
    137-*) echo hung ;;
    *'not connected'*) echo ENOTCONN ;;
    *'onnection abort'*) echo ECONNABORTED ;;
    *'ead-only'*) echo EROFS ;;
    *'ermission denied'*) echo EACCES ;;
    *'o such file'*) echo ENOENT ;;
    *) echo "$words" | tr ' \\n' __ ;;
  esac
}
last= told=0
while :; do
  wrote=$(try "echo $ME >${POINT}/$ME.txt" unsure)
  # Written, and the mount went before it could be asked for.
  if [ "$wrote" = unsure ]; then if ! is_there && [ -e ${POINT}/$ME.txt ]; then wrote=below; else wrote=ok; fi; fi
  now="$wrote/$(try "ls ${POINT}" empty)"
  read -r up _ </proc/uptime
  if [ "$now" != "$last" ] || [ "\${up%.*}" != "$told" ]; then echo "$up $now"; last=$now told=\${up%.*}; fi
  sleep 0.1
done`;

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
        containers: Object.entries(USERS).map(([name, runAsUser]) => ({
          name,
          image,
          command: ["sh", "-c", `trap 'exit 0' TERM\n${READER}`],
          env: [{ name: "ME", value: name }],
          securityContext: { runAsUser },
          ...container,
        })),
        ...podSpec,
      },
    },
  },
});

/** What one reader said, by the node's own clock. */
interface Said {
  readonly at: number;
  readonly state: string;
}

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
          lines.at(-1)?.state === "ok/ok" &&
          this.now() - (lines.at(-1)?.at ?? 0) < 2 &&
          (lines.some(({ at, state }) => at > from && state !== "ok/ok") || performance.now() - begun > settleMs),
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
  async said(): Promise<Record<string, readonly Said[]>> {
    const [pod = ""] = await this.podOf("app=reader");
    const all = await Promise.all(
      Object.keys(USERS).map(async (name) => {
        const { stdout } = await kubectl(this.cluster, ["-n", NAMESPACE, "logs", pod, "-c", name]);
        const lines = stdout.split("\n").filter(Boolean);
        return [
          name,
          lines.map((line) => ({ at: Number(line.split(" ")[0]), state: line.split(" ")[1] ?? "" })),
        ] as const;
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

/** Seconds without a word after which a reader is in the kernel's hands: a request that the daemon has taken cannot be killed. */
const SILENT_SECONDS = 4;

function outageIn(lines: readonly Said[], from: number, now: number): { seen: string[]; outageMs: number | undefined } {
  const heard = [...lines, { at: now, state: lines.at(-1)?.state ?? "silent" }];
  const since = heard
    .flatMap((one, index): Said[] => {
      const before = heard[index - 1];
      const gap = before !== undefined && one.at - before.at > SILENT_SECONDS;
      return gap ? [{ at: before.at + 1, state: "silent" }, ...(index < lines.length ? [one] : [])] : [one];
    })
    .filter(({ at }) => at > from);
  const lost = since.find(({ state }) => state !== "ok/ok");
  const lastLost = since.findLastIndex(({ state }) => state !== "ok/ok");
  const back = since[lastLost + 1];
  const outageMs =
    lost === undefined ? 0 : back?.state === "ok/ok" ? Math.round((back.at - lost.at) * 1000) : undefined;
  return { seen: [...new Set(since.map(({ state }) => state).filter((state) => state !== "ok/ok"))], outageMs };
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
