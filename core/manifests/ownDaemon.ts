import type { Environment } from "../contract/environment.ts";
import { literal } from "../contract/literal.ts";
import type { Settings } from "../settings/settings.ts";

/** The producer's environment for a daemon of the user's own; nothing where there is none. */
export const commandEnvironment = ({ command }: Settings): Environment<"producer"> =>
  command === "" ? {} : { COMMAND: literal(command) };

/** The producer's environment for a deployment that leaves its dead mount to the next daemon; nothing for one that does not. */
export const deadMountEnvironment = ({ clearDeadMount }: Settings): Environment<"producer"> =>
  clearDeadMount ? {} : { CLEAR_DEAD_MOUNT: "no" };

/** Both pods' environment for a marker that the daemon's file system holds already; nothing where there is none. */
export const markerEnvironment = ({ markerFile }: Settings): { readonly MARKER_FILE?: string } =>
  markerFile === "" ? {} : { MARKER_FILE: markerFile };
