/** What the end-to-end tests share: the sandbox, this project's own commands as a user types them, and the nodes. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Verb } from "../../cli/verbs.ts";
import type { NodeVerdict } from "../../core/diagnosis/answer.ts";
import { readRecord } from "../../sandbox/cluster/record.ts";

const ROOT = join(import.meta.dirname, "..", "..");

export interface SandboxDocument {
  readonly kubeconfig: string;
  readonly context: string;
  readonly nodes: readonly string[];
  readonly images: { readonly producer: string; readonly consumer: string };
  /** Directory with kubectl and pulumi. */
  readonly binaries: string;
  /** Environment to run the Pulumi engine in. */
  readonly env: Readonly<Record<string, string>>;
}

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

/** Starts the sandbox, or takes the one that runs. */
export async function sandbox(): Promise<SandboxDocument> {
  return JSON.parse(succeeded(await node("sandbox/main.ts", ["up", "--json"])).stdout) as SandboxDocument;
}

export const sandboxDown = async (): Promise<Result> => succeeded(await node("sandbox/main.ts", ["down"]));

/** At the end of a file whose tests leave the sandbox as they found it: where others follow, they take the one that runs. */
export const leaveSandbox = async (): Promise<void> => {
  if (process.env.FUSE_TEST_LANE === undefined) await sandboxDown();
};

/** Everything of the sandbox that is left on this machine, by a check that shares no code with it. */
export async function machineResidue(): Promise<string[]> {
  return (await node("test/residue.ts", [])).stdout.split("\n").filter(Boolean);
}

export interface StartDocument {
  readonly nodes: Readonly<Record<string, NodeVerdict>>;
  readonly residue: readonly string[];
}

/** `npm start -- --json ...`, without npm's own second. */
export async function start(
  args: readonly string[] = [],
  options: CommandOptions = {},
): Promise<Result & { readonly document?: StartDocument }> {
  const result = await cli("start", ["--json", ...args], options);
  return result.stdout ? { ...result, document: JSON.parse(result.stdout) as StartDocument } : result;
}

/** FUSE's own law: without allow_other only the daemon's user is let in, root included; fuse.conf decides who may ask for it. */
export const FUSE_LAW = {
  "root-allow": ["ok", "ok", "ok"],
  "root-only": ["ok", "EACCES", "EACCES"],
  "user-conf-allow": ["ok", "ok", "ok"],
  "user-conf-only": ["EACCES", "ok", "EACCES"],
  "user-noconf-allow": "refused",
  "user-noconf-only": ["EACCES", "ok", "EACCES"],
};

/** What root, a plain user and the hardened reader met when they read a file of each variant of the matrix. */
export function readCells(verdict: NodeVerdict | undefined): object {
  const cells = Object.entries(verdict?.permissions ?? {}).map(([variant, { mounted, readers }]) => [
    variant,
    mounted === "refused" ? mounted : (["root", "user", "hardened"] as const).map((reader) => readers[reader]?.read),
  ]);
  return Object.fromEntries(cells) as object;
}

export interface CommandOptions {
  readonly env?: Record<string, string>;
  /** Standard input. */
  readonly input?: string;
}

/** Runs a verb of the program, as `npm run VERB --` does. */
export const cli = (verb: Verb, args: readonly string[], options: CommandOptions = {}): Promise<Result> =>
  node("cli/main.ts", [verb, ...args], options);

/** Runs one of the project's entries. */
export function node(entry: string, args: readonly string[], options: CommandOptions = {}): Promise<Result> {
  return command("sh", [join(ROOT, "cli", "node.sh"), entry, ...args], options);
}

export async function kubectl(cluster: SandboxDocument, args: readonly string[], input?: string): Promise<Result> {
  return command(
    join(cluster.binaries, "kubectl"),
    ["--kubeconfig", cluster.kubeconfig, ...args],
    input ? { input } : {},
  );
}

/**
 * Runs a piece of shell as root on a node.
 *
 * @param path the node's directory at /host
 */
export async function onNode(
  cluster: SandboxDocument,
  nodeName: string,
  script: string,
  mountPropagation: "None" | "Bidirectional" = "None",
  path = "/tmp",
): Promise<string> {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `on-${nodeName}`, namespace: "default" },
    spec: {
      nodeName,
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: "shell",
          image: cluster.images.producer,
          command: ["sh", "-c", script],
          securityContext: { privileged: true },
          volumeMounts: [{ name: "directory", mountPath: "/host", mountPropagation }],
        },
      ],
      volumes: [{ name: "directory", hostPath: { path } }],
    },
  };
  succeeded(await kubectl(cluster, ["apply", "-f", "-"], JSON.stringify(pod)));
  try {
    const finished = ["wait", "pod", pod.metadata.name, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=120s"];
    succeeded(await kubectl(cluster, finished));
    return succeeded(await kubectl(cluster, ["logs", pod.metadata.name])).stdout;
  } finally {
    await kubectl(cluster, ["delete", "pod", pod.metadata.name, "--wait=true"]);
  }
}

/** The mount table of the node k3s-w2 itself, in the kernel's words. */
export function tableOfNode(): string[] {
  const box = readRecord()?.boxes.find(({ name }) => name === "k3s-w2");
  return readFileSync(`/proc/${box?.init.pid}/mountinfo`, "utf8").split("\n");
}

export function succeeded(result: Result): Result {
  if (result.code !== 0) throw new Error(`exit code ${result.code}: ${result.stderr}${result.stdout}`);
  return result;
}

export async function command(program: string, args: readonly string[], options: CommandOptions = {}): Promise<Result> {
  const from = performance.now();
  const child = spawn(program, args, { cwd: ROOT, env: { ...process.env, ...options.env } });
  child.stdin.end(options.input);
  const exited = new Promise<number | null>((resolve) => child.on("close", resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await exited, stdout, stderr, seconds: (performance.now() - from) / 1000 };
}
