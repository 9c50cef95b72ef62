/** Flux's kustomize-controller with its CRDs, kustomize and kubeconform: compiled from sandbox/tools like the cluster's own. */
import { copyFileSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { tools } from "../../base/paths.ts";
import { step } from "../../base/progress.ts";
import { downloadModule, findGo, type Go } from "../build/toolchain.ts";
import { buildKey, buildTools, toolDirectory } from "../build/tools.ts";
import { makeDirectory } from "../build/whole.ts";
import { exclusively } from "../lock.ts";
import { SandboxError } from "../problem.ts";

export interface FluxTools {
  readonly controller: string;
  readonly kustomize: string;
  readonly kubeconform: string;
  /** Directory of the CRDs that kustomize-controller needs: its own and source-controller's. */
  readonly crds: string;
}

/** The modules whose config/crd/bases are needed, with the sum that `go mod download` must confirm. */
const CRD_MODULES = [
  ["github.com/fluxcd/kustomize-controller@v1.9.5", "h1:/XY2zy3K7fntyppEXIHG7oRMzmfgIt50eJzUfaPX1Kc="],
  ["github.com/fluxcd/source-controller@v1.9.0", "h1:5msg2yyjVYDULZos+2ve8MZzcSqTpusiXmrOeBhc9yY="],
] as const;

/** Compiles and fetches what is not in the cache yet. */
export async function fluxTools(): Promise<FluxTools> {
  const crds = join(tools, `crds-${buildKey("", "", CRD_MODULES.flat(), "")}`);
  await exclusively(async () => {
    await buildTools(["gitops", "flux"]);
    if (!existsSync(crds)) await step("fetched Flux's CRDs", async () => fetchCrds(await findGo(), crds));
  });
  return {
    controller: join(toolDirectory("flux"), "kustomize-controller"),
    kustomize: join(toolDirectory("gitops"), "kustomize"),
    kubeconform: join(toolDirectory("gitops"), "kubeconform"),
    crds,
  };
}

async function fetchCrds(go: Go, target: string): Promise<void> {
  await makeDirectory(target, async (fresh) => {
    for (const [module, wanted] of CRD_MODULES) {
      const { directory, sum } = await downloadModule(go, module);
      if (sum !== wanted)
        throw new SandboxError(`${module} has the sum ${sum}`, `It must be ${wanted}: check GOPROXY.`);
      const bases = join(directory, "config/crd/bases");
      for (const name of readdirSync(bases)) copyFileSync(join(bases, name), join(fresh, name));
    }
  });
}
