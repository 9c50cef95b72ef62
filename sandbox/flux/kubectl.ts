/** kubectl on one cluster, with the few verbs that bringing up Flux takes. */
import { attempt, type Outcome, run } from "../command.ts";

/** Flux's own namespace. */
export const FLUX_NAMESPACE = "flux-system";

export interface Kubectl {
  /** @throws SandboxError when it does not exit with 0 */
  run(args: readonly string[], stdin?: string): Promise<string>;
  attempt(args: readonly string[]): Promise<Outcome>;
  apply(...objects: readonly object[]): Promise<void>;
  /** Merges into the status of an object in flux-system, as its controller would. */
  patchStatus(kind: string, name: string, status: object): Promise<void>;
}

export function openKubectl(program: string, kubeconfig: string): Kubectl {
  const all = (args: readonly string[]) => ["--kubeconfig", kubeconfig, ...args];
  const kubectl: Kubectl = {
    run: (args, stdin) => run(program, all(args), stdin === undefined ? {} : { stdin }),
    attempt: (args) => attempt(program, all(args)),
    apply: async (...objects) => {
      const list = { apiVersion: "v1", kind: "List", items: objects };
      await kubectl.run(["apply", "--server-side", "--force-conflicts", "-f", "-"], JSON.stringify(list));
    },
    patchStatus: async (kind, name, status) => {
      const patch = ["patch", kind, name, "-n", FLUX_NAMESPACE, "--subresource=status", "--type=merge"];
      const { metadata } = JSON.parse(await kubectl.run(["get", kind, name, "-n", FLUX_NAMESPACE, "-o", "json"])) as {
        readonly metadata: { readonly generation: number };
      };
      const merged = { status: { observedGeneration: metadata.generation, ...status } };
      await kubectl.run([...patch, "-p", JSON.stringify(merged)]);
    },
  };
  return kubectl;
}
