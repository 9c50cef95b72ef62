import { PROBE_CONFIG_MAP } from "../contract/names.ts";
import type { Allowed } from "../rules/allowed.ts";
import { knownKindsOnly } from "../rules/knownKindsOnly.ts";
import { privilegedProducerOnly } from "../rules/privilegedProducerOnly.ts";
import { cel, lines, validation } from "./cel.ts";
import type { Validation } from "./types.ts";

/**
 * What Kubernetes itself puts into every namespace: events, and by its controllers the default service account, the CA's
 * config map, and whatever a network plugin notes of a pod. Those controllers are told by their accounts; pods they make are
 * judged like any other's.
 */
const SYSTEM = lines(
  "request.userInfo.username.startsWith('system:node:')",
  "|| request.userInfo.username.startsWith('system:kube-')",
  "|| request.userInfo.username == 'system:apiserver'",
  "|| request.userInfo.username.startsWith('system:serviceaccount:kube-system:')",
);

export function kindValidations({ scripts }: Allowed): Validation[] {
  const known = lines(
    "(request.resource.group == '' && request.resource.resource in ['pods', 'configmaps', 'events'])",
    "|| (request.resource.group == 'events.k8s.io' && request.resource.resource == 'events')",
    `|| ${SYSTEM}`,
  );
  return [validation(knownKindsOnly, known), ...(scripts ? [probe(scripts)] : [])];
}

/** The privileged container runs what this config map holds. */
function probe(scripts: Readonly<Record<string, string>>): Validation {
  const expression = lines(
    "request.resource.group != '' || request.resource.resource != 'configmaps'",
    `|| object.metadata.name != ${cel(PROBE_CONFIG_MAP)}`,
    `|| (!has(object.binaryData) && has(object.data) && object.data == ${cel(scripts)})`,
  );
  return validation(privilegedProducerOnly, expression);
}
