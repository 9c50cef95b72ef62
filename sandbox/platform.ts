/** What a sandbox's cluster is made of, where there is a choice. */

import { KUBERNETES, KUBERNETES_VERSIONS, type KubernetesVersion } from "./build/kubernetes.ts";
import { MACHINE_NAMES, MACHINES, type Machine, type MachineName } from "./build/machines.ts";
import { RUNTIME_NAMES, RUNTIMES, type RuntimeName } from "./build/runtimes.ts";
import type { Family } from "./build/tools.ts";
import { SandboxError } from "./problem.ts";

export interface Platform {
  /** The nodes' container runtime. */
  readonly runtime: RuntimeName;
  readonly kubernetes: KubernetesVersion;
  /** What k3s-w2 is. */
  readonly machine: MachineName;
}

/**
 * @param wishes each part is what the first of them that names it says, else the default. What is not to be had here, as the record
 * of another version of this project may name it, is passed over.
 */
export function choosePlatform(...wishes: readonly (Partial<Platform> | undefined)[]): Platform {
  const first = <Name extends string>(part: keyof Platform, [standard, ...others]: readonly [Name, ...Name[]]): Name =>
    wishes
      .map((wish) => [standard, ...others].find((name) => name === wish?.[part]))
      .find((name) => name !== undefined) ?? standard;
  return {
    runtime: first("runtime", RUNTIME_NAMES),
    kubernetes: first("kubernetes", KUBERNETES_VERSIONS),
    machine: first("machine", MACHINE_NAMES),
  };
}

/** @throws SandboxError where the parts do not go together */
export function requirePossible({ runtime, machine }: Platform): void {
  if (runtime === "crun" && machine === "box")
    throw new SandboxError("crun runs in a virtual machine only", "Add --machine vm, or name another --runtime.");
}

/** What is compiled for it. */
export function familiesOf({ runtime, kubernetes }: Platform): readonly Family[] {
  return ["etcd", KUBERNETES[kubernetes].family, ...RUNTIMES[runtime].families];
}

/** Debian's release in the virtual machine that a node is; undefined where it is a box. */
export function suiteOf({ machine }: Platform, node: string): string | undefined {
  const { suite }: Machine = MACHINES[machine];
  return node === "k3s-w2" ? suite : undefined;
}
