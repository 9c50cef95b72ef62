/** What happens to a daemon and its readers in the life of a cluster, done on the sandbox, and what the readers make of it. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { runIn } from "../../sandbox/box/box.ts";
import { readRecord } from "../../sandbox/cluster/record.ts";
import { kubectl, node, type SandboxDocument, succeeded } from "./sandbox.ts";

export const NODE = "k3s-w2";
export const NAMESPACE = "media";
export const PATH = "/mnt/media";
export const POINT = `${PATH}/remote`;
/** The readers' containers, by their user. */
export const USERS = { root: 0, user: 1000 } as const;

/**
 * A reader writes and lists through the mount, again and again, and says each change of `write/list`: `ok` on the FUSE file system, `below` where
 * it succeeded in the plain directory, `hung`, or the errno.
 */
const READER = `
try() {
  words=$(LC_ALL=C timeout -s KILL 1 sh -c "$1" 2>&1); code=$?
  case $code-$words in
    0-*) if grep -q ' ${POINT} .* - fuse' /proc/self/mountinfo; then echo ok; else echo below; fi ;;
    137-*) echo hung ;;
    *'not connected'*) echo ENOTCONN ;;
    *'ead-only'*) echo EROFS ;;
    *'ermission denied'*) echo EACCES ;;
    *'o such file'*) echo ENOENT ;;
    *) echo "$words" | tr ' \\n' __ ;;
  esac
}
last=
while :; do
  now="$(try "echo $ME >${POINT}/$ME.txt")/$(try "ls ${POINT}")"
  if [ "$now" != "$last" ]; then read -r up _ </proc/uptime; echo "$up $now"; last=$now; fi
  sleep 0.1
done`;

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
  constructor(cluster: SandboxDocument) {
    this.cluster = cluster;
  }

  kubectl = async (...args: string[]): Promise<string> => succeeded(await kubectl(this.cluster, args)).stdout;
  private inNamespace = (...args: string[]) => this.kubectl("-n", NAMESPACE, ...args);

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
    "kubelet restarted": () => node("sandbox/main.ts", ["restart", "kubelet", NODE]),
  };

  /** Does it, and watches until every reader has the mount again. */
  async run(fault: string, settleMs = 8000): Promise<Outcome> {
    const before = { mounts: this.mounts(), table: this.table().length };
    const from = this.now();
    let most = 0;
    const timer = setInterval(() => {
      most = Math.max(most, this.mounts());
    }, 50);
    await this.faults[fault]?.();
    const until = performance.now() + PATIENCE_MS;
    let said = await this.said();
    const begun = performance.now();
    const isOver = () =>
      Object.values(said).every(
        (lines) =>
          lines.at(-1)?.state === "ok/ok" &&
          (lines.some(({ at }) => at > from) || performance.now() - begun > settleMs),
      );
    while (!isOver() && performance.now() < until) {
      await sleep(300);
      said = await this.said();
    }
    // What comes back too early, and goes again.
    await sleep(2000);
    said = await this.said();
    clearInterval(timer);
    return {
      fault,
      readers: Object.fromEntries(Object.entries(said).map(([name, lines]) => [name, outageIn(lines, from)])),
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
    return readFileSync(`/proc/${box().init.pid}/mountinfo`, "utf8").split("\n");
  }

  mounts(): number {
    return this.table().filter((line) => line.split(" ")[4] === POINT && / - fuse/.test(line)).length;
  }

  /** What lies in the plain directory below the mount, once that is gone. */
  below(): string[] {
    return readdirSync(`/proc/${box().init.pid}/root${POINT}`);
  }

  /** Seconds since the boot, as the readers have them. */
  now(): number {
    return Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
  }

  /** A signal for the daemon, from the node: its process may be the first of its container, which nobody in there can stop. */
  private toDaemon(signal: string): Promise<string> {
    const find = "grep -lx rclone /proc/[0-9]*/comm 2>/dev/null | cut -d/ -f3";
    return runIn(box(), ["sh", "-c", `kill -${signal} $(${find})`]);
  }

  /** More memory than the container's limit, with the daemon as the first whom the kernel ends. */
  private exhaust(): Promise<unknown> {
    const script =
      "echo 1000 >/proc/$(pidof rclone)/oom_score_adj; head -c 400000000 /dev/zero | tail -c 400000000 >/dev/null";
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

function outageIn(lines: readonly Said[], from: number): { seen: string[]; outageMs: number | undefined } {
  const since = lines.filter(({ at }) => at > from);
  const lost = since.find(({ state }) => state !== "ok/ok");
  const back = since.at(-1);
  const outageMs =
    lost === undefined ? 0 : back?.state === "ok/ok" ? Math.round((back.at - lost.at) * 1000) : undefined;
  return { seen: [...new Set(since.map(({ state }) => state).filter((state) => state !== "ok/ok"))], outageMs };
}

function box() {
  const found = readRecord()?.boxes.find(({ name }) => name === NODE);
  if (!found) throw new Error(`the sandbox has no ${NODE}`);
  return found;
}
