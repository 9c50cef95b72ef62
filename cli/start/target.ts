/** Where a run takes place: the user's own cluster where one is named, the sandbox otherwise; and the Pulumi engine. */
import { spawn } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { kubeconfig, privateFolder, repository, runsFolder } from "../../base/paths.ts";
import { UserError } from "../../base/problem.ts";
import type { Service } from "../../core/contract/replacement.ts";
import { NODE_FLAGS } from "../child.ts";

export interface Target {
  readonly kind: "sandbox" | "cluster";
  /** Environment of the engine: its PATH, its home. */
  readonly env: Readonly<Record<string, string>>;
  readonly engine: string;
  readonly plugins: Readonly<Record<string, string>>;
  /** Settings that it decides: how to reach it and, in the sandbox, its images. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Settings for a node that is slow, where nobody says otherwise. */
  readonly pace?: Readonly<Record<string, number>>;
  /** The nodes it has, where it is ours to know. */
  readonly nodes?: readonly string[];
  /** True where nothing of an earlier run can be on it, because it has just been made. */
  readonly fresh: boolean;
  /** Takes away what was made for this run. */
  leave(): Promise<void>;
}

interface EngineDocument {
  readonly env: Record<string, string>;
  readonly engine: { readonly version: string };
  readonly plugins: Record<string, string>;
}
interface SandboxDocument extends EngineDocument {
  readonly kubeconfig: string;
  readonly context: string;
  readonly nodes: string[];
  readonly images: { readonly producer: string };
  readonly machine: string;
  readonly reused: boolean;
}

/** Says that a run, and not a person, started the sandbox: so a later run takes it down even if this one is killed. */
const OURS = join(runsFolder, "sandbox-of-a-run");

/** A node that is emulated starts a container in seconds, and answers a read in tenths of one. */
const EMULATED = {
  markerWaitSeconds: 120,
  settleSeconds: 25,
  mountSeconds: 60,
  holdSeconds: 15,
  staleSeconds: 8,
  recoverSeconds: 15,
  probeSeconds: 10,
  collectSeconds: 1500,
};

/** What `npm start` may ask of the sandbox, by the name of `up` for it. */
const SANDBOX_OPTIONS = {
  sandboxRuntime: "runtime",
  sandboxKubernetes: "kubernetes",
  sandboxMachine: "machine",
} as const;

export type SandboxOptions = Readonly<Partial<Record<keyof typeof SANDBOX_OPTIONS, string>>>;

/** What of it is asked for. */
export const askedOf = (options: SandboxOptions): readonly { readonly option: string; readonly value: string }[] =>
  Object.entries(SANDBOX_OPTIONS).flatMap(([key, option]) => {
    const value = options[key as keyof SandboxOptions];
    return value === undefined ? [] : [{ option, value }];
  });

/** @param own true where the settings name a kubeconfig or a context */
export async function prepareTarget(
  own: boolean,
  { keep = false, ...options }: { readonly keep?: boolean } & SandboxOptions,
  signal: AbortSignal,
): Promise<Target> {
  if (own) {
    const { env, engine, plugins } = await prepareEngine(signal);
    return { kind: "cluster", env, engine: engine.version, plugins, settings: {}, fresh: false, leave: async () => {} };
  }
  const asked = sandboxIsUp();
  privateFolder(runsFolder);
  if (!asked) writeFileSync(OURS, "");
  const leave = async () => {
    if (keep || !existsSync(OURS)) return;
    await sandbox(["down"]);
    rmSync(OURS, { force: true });
  };
  try {
    const up = await sandbox<SandboxDocument>(
      ["up", "--json", ...askedOf(options).flatMap(({ option, value }) => [`--${option}`, value])],
      signal,
    );
    return {
      kind: "sandbox",
      env: up.env,
      engine: up.engine.version,
      plugins: up.plugins,
      nodes: up.nodes,
      settings: {
        kubeconfig: up.kubeconfig,
        context: up.context,
        // Both pods from one image, as the default settings have it.
        producerImage: up.images.producer,
        consumerImage: up.images.producer,
      },
      ...(up.machine === "box" ? {} : { pace: EMULATED }),
      fresh: !up.reused,
      leave,
    };
  } catch (error) {
    // A start that fails has taken its own things away; one that came to its end as we were interrupted has not.
    if (signal.aborted) await leave();
    else rmSync(OURS, { force: true });
    throw error;
  }
}

/** What may be restarted of a node by whoever runs a test there; undefined of a cluster that is not the sandbox. */
export const restartOf = (settings: { readonly kubeconfig: string }) =>
  settings.kubeconfig === kubeconfig
    ? (service: Service, node: string): Promise<void> => sandbox(["restart", service, node])
    : undefined;

/** Only the Pulumi engine and its plugins. */
export const prepareEngine = (signal?: AbortSignal): Promise<EngineDocument> => sandbox(["engine", "--json"], signal);

/** A sandbox that is up and was not started by a run was started by a person, and stays. */
function sandboxIsUp(): boolean {
  return existsSync(kubeconfig) && !existsSync(OURS);
}

/** Runs the sandbox's own command, its progress on our stderr, and reads the document it prints. */
async function sandbox<T>(args: readonly string[], signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted();
  const entry = join(repository, "sandbox", "main.ts");
  const child = spawn(process.execPath, [...NODE_FLAGS, entry, ...args], {
    stdio: ["inherit", "pipe", "inherit"],
  });
  const interrupt = () => child.kill("SIGINT");
  signal?.addEventListener("abort", interrupt, { once: true });
  const exited = new Promise<number | null>((resolve, reject) => {
    child.on("close", resolve);
    child.on("error", reject);
  });
  const output = await text(child.stdout);
  const code = await exited;
  signal?.removeEventListener("abort", interrupt);
  signal?.throwIfAborted();
  if (code !== 0)
    throw new UserError(`the sandbox's \`${args[0]}\` ended with exit code ${code}`, {
      remedy: "see the lines above; to use a cluster of your own: npm start -- --context NAME",
    });
  return (args.includes("--json") ? JSON.parse(output) : undefined) as T;
}
