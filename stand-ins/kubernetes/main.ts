/** Offline stand-in, used only where the official kubernetes plugin cannot be installed: the program the engine starts. */
import { serve } from "../protocol/serve.ts";
import { kubernetesProvider } from "./provider.ts";

await serve("4.34.2", kubernetesProvider);
