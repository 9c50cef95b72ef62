/** Everything that is compiled, fetched or built once: what the sandbox runs, and what the project's own tests run beside it. */
import { exclusively } from "../../base/lock.ts";
import { prepareEngine } from "../engine.ts";
import { fluxTools } from "../flux/tools.ts";
import { clusterPackages, ensurePackages } from "../host/packages.ts";
import { buildImages, imageSet } from "./images.ts";
import { buildTools } from "./tools.ts";

/** @throws SandboxError when something cannot be compiled or built */
export async function prepareEverything(): Promise<void> {
  const images = imageSet(await ensurePackages(Object.keys(clusterPackages)));
  await exclusively(async () => {
    await buildTools(["etcd", "kubernetes"]);
    await prepareEngine();
    await buildTools(["oracle"]);
    await buildImages(images);
  });
  await fluxTools();
}
