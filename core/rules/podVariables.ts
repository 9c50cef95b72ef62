import type { Allowed } from "./allowed.ts";
import { celLiteral } from "./cel.ts";
import { mayExist, podNames } from "./roles.ts";
import { trustedContainers } from "./trustedContainers.ts";

/** What several rules ask of a pod in CEL, as `variables.<name>`. One may use those before it. */
export const podVariables = (allowed: Allowed): Readonly<Record<string, string>> => ({
  name: "object.metadata.?name.orValue('')",
  volumes: "object.spec.?volumes.orValue([])",
  init: "object.spec.?initContainers.orValue([])",
  ephemeral: "object.spec.?ephemeralContainers.orValue([])",
  containers: "object.spec.containers + variables.init + variables.ephemeral",
  hostVolumes: "variables.volumes.filter(v, has(v.hostPath)).map(v, v.name)",
  /** Names of the containers that may be privileged. */
  trusted: trustedContainers(allowed),
  /** Whether the pod is the one that removes the bridge from its parent directory. */
  sweeps: mayExist("sweep-check", allowed)
    ? `variables.name in ${celLiteral(podNames("sweep-check", allowed))}`
    : "false",
});
