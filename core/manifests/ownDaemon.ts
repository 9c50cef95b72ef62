import { literal } from "../contract/literal.ts";
import type { Settings } from "../settings/settings.ts";

/** The producer's environment for a daemon of the user's own; nothing where there is none. */
export const commandEnvironment = ({ command }: Settings): Record<string, string> =>
  command === "" ? {} : { COMMAND: literal(command) };

/** Both pods' environment for a marker that the daemon's file system holds already; nothing where there is none. */
export const markerEnvironment = ({ markerFile }: Settings): Record<string, string> =>
  markerFile === "" ? {} : { MARKER_FILE: markerFile };
