/** Offline stand-in, used only where the official command plugin cannot be installed: the program the engine starts. */
import { serve } from "../protocol/serve.ts";
import { commandProvider } from "./provider.ts";

await serve("1.2.1", commandProvider);
