/**
 * Flux on a cluster, as far as it is needed: the real kustomize-controller as a process of this machine, its CRDs, and a
 * publisher in the place of source-controller.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { logs } from "../../base/paths.ts";
import { SandboxError } from "../problem.ts";
import { FLUX_NAMESPACE, type Kubectl, openKubectl } from "./kubectl.ts";
import { openPublisher } from "./publisher.ts";
import { fluxTools } from "./tools.ts";

/** What `flux bootstrap` names them. */
const NAME = "flux-system";
/** Milliseconds for what was applied to be removed. */
const REMOVAL_MS = 60_000;
const KUSTOMIZATIONS = "kustomizations.kustomize.toolkit.fluxcd.io";

interface KustomizationStatus {
  /** Of the condition Ready; `Unknown` while it is at work. */
  readonly ready: string;
  readonly message: string;
  readonly revision: string | undefined;
}

export interface Flux {
  readonly kubectl: Kubectl;
  /** What `git push` and source-controller do: the last commit becomes the cluster's source. Returns its revision. */
  push(repository: string): Promise<string>;
  /** Has the controller apply a directory of the source, as `flux create kustomization` does. */
  follow(path: string, spec?: object): Promise<void>;
  status(name?: string): Promise<KustomizationStatus>;
  /** Removes everything that was applied, the controller and its CRDs. */
  stop(): Promise<void>;
}

/** @param binaries directory of kubectl */
export async function startFlux(kubeconfig: string, binaries: string): Promise<Flux> {
  const tools = await fluxTools();
  const kubectl = openKubectl(join(binaries, "kubectl"), kubeconfig);
  await removeLeftovers(kubectl);
  await kubectl.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: FLUX_NAMESPACE } });
  await kubectl.run(["apply", "--server-side", "-f", tools.crds]);
  await kubectl.run(["wait", "--for=condition=Established", "--timeout=30s", "-f", tools.crds]);
  await kubectl.apply(gitRepository());
  const publisher = await openPublisher(kubectl, NAME);
  const controller = startController(tools.controller, kubeconfig);
  return {
    kubectl,
    push: publisher.publish,
    follow: (path, spec = {}) => kubectl.apply(kustomization(path, spec)),
    status: (name = NAME) => statusOf(kubectl, name),
    async stop() {
      await kubectl.attempt(["delete", KUSTOMIZATIONS, "--all", "-A", `--timeout=${REMOVAL_MS / 1000}s`]);
      await end(controller);
      publisher.close();
      await kubectl.attempt(["delete", "-f", tools.crds, "--ignore-not-found", "--timeout=30s"]);
      await kubectl.attempt(["delete", "namespace", FLUX_NAMESPACE, "--ignore-not-found", "--timeout=30s"]);
    },
  };
}

/** Runs outside the cluster, so that no image is needed; it asks nothing but the API server and the publisher. */
function startController(program: string, kubeconfig: string): ChildProcess {
  mkdirSync(logs, { recursive: true });
  const log = openSync(join(logs, "kustomize-controller.log"), "w");
  const options = ["--watch-all-namespaces", "--metrics-addr=0", "--health-addr=127.0.0.1:0", "--log-encoding=console"];
  const controller = [program, ...options, "--requeue-dependency=2s", "--interval-jitter-percentage=0"];
  // It ends with this process, however that ends.
  const child = spawn("setpriv", ["--pdeathsig", "KILL", ...controller], {
    env: { ...process.env, KUBECONFIG: kubeconfig, RUNTIME_NAMESPACE: FLUX_NAMESPACE },
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  return child;
}

/** A run that was killed left objects that wait for its controller: without a finalizer they are only objects. */
async function removeLeftovers(kubectl: Kubectl): Promise<void> {
  const { code, stdout } = await kubectl.attempt(["get", KUSTOMIZATIONS, "-n", FLUX_NAMESPACE, "-o", "name"]);
  for (const name of code === 0 ? stdout.split("\n").filter(Boolean) : []) {
    const patch = ["--type=merge", "-p", JSON.stringify({ metadata: { finalizers: null } })];
    await kubectl.attempt(["patch", name, "-n", FLUX_NAMESPACE, ...patch]);
    await kubectl.attempt(["delete", name, "-n", FLUX_NAMESPACE, "--ignore-not-found"]);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 5000);
  await closed;
  clearTimeout(late);
}

async function statusOf(kubectl: Kubectl, name: string): Promise<KustomizationStatus> {
  const { code, stdout, stderr } = await kubectl.attempt([
    "get",
    KUSTOMIZATIONS,
    name,
    "-n",
    FLUX_NAMESPACE,
    "-o",
    "json",
  ]);
  if (code !== 0)
    throw new SandboxError(stderr.trim(), "See the controller's log.", join(logs, "kustomize-controller.log"));
  const { status = {} } = JSON.parse(stdout) as {
    readonly status?: {
      readonly lastAppliedRevision?: string;
      readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[];
    };
  };
  const ready = status.conditions?.find(({ type }) => type === "Ready");
  return { ready: ready?.status ?? "Unknown", message: ready?.message ?? "", revision: status.lastAppliedRevision };
}

/** The URL is never asked: the publisher answers for it. */
function gitRepository(): object {
  return {
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "GitRepository",
    metadata: { name: NAME, namespace: FLUX_NAMESPACE },
    spec: { interval: "1m", url: "https://git.invalid/homelab", ref: { branch: "main" } },
  };
}

function kustomization(path: string, spec: object): object {
  return {
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: { name: NAME, namespace: FLUX_NAMESPACE },
    spec: {
      interval: "10m",
      retryInterval: "5s",
      timeout: "1m",
      path: `./${path}`,
      prune: true,
      wait: true,
      sourceRef: { kind: "GitRepository", name: NAME },
      ...spec,
    },
  };
}
