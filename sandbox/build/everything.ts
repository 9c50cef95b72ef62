/** Everything that is compiled, fetched or built once: what the sandbox runs, and what the project's own tests run beside it. */

import { prepareEngine, readyPulumi } from "../engine.ts";
import { fluxTools } from "../flux/tools.ts";
import { clusterPackages, ensurePackages } from "../host/packages.ts";
import { exclusively } from "../lock.ts";
import { buildImages, imageSet } from "./images.ts";
import { RUNTIMES } from "./runtimes.ts";
import { buildTools, type Family } from "./tools.ts";

/** @throws SandboxError when something cannot be compiled or built */
export async function prepareEverything(): Promise<void> {
  const runtimes = Object.values(RUNTIMES);
  const packages = runtimes.map((runtime) => runtime.packages);
  const images = imageSet(await ensurePackages(Object.keys(Object.assign({}, clusterPackages, ...packages))));
  await exclusively(async () => {
    const engine: readonly Family[] = (await readyPulumi()) ? [] : ["pulumi"];
    // All at once: they share the packages that Go has compiled, which are removed afterwards.
    await buildTools([
      "etcd",
      "kubernetes",
      ...runtimes.flatMap(({ families }) => families),
      ...engine,
      "oracle",
      "gitops",
      "flux",
    ]);
    await prepareEngine();
    await buildImages(images);
  });
  await fluxTools();
}
