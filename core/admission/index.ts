/**
 * The isolation rules for the cluster itself: ValidatingAdmissionPolicies (stable since Kubernetes 1.30) for the test's
 * namespace, generated from what is allowed. They say in CEL what core/rules say, of the objects as the API server
 * stores them: fields of features that it has switched off are gone by then.
 *
 * https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
 */

import { PROJECT } from "../contract/names.ts";
import type { Allowed } from "../rules/allowed.ts";
import { kindValidations } from "./kinds.ts";
import { podValidations, podVariables } from "./pods.ts";
import type { AdmissionBinding, AdmissionPolicy, Metadata, Rule } from "./types.ts";

export type { AdmissionBinding, AdmissionPolicy } from "./types.ts";

const VERSION = "admissionregistration.k8s.io/v1";
const WRITES = ["CREATE", "UPDATE"];

/**
 * Two policies with their bindings: one for pods, one for everything else in the namespace. Apply them before the namespace
 * gets its pods; they take effect within seconds.
 *
 * @param allowed `scripts`: the probe's config map and the sweep's command must be exactly these. `sweep` should be set, or
 *   `npm run sweep` and `pulumi destroy` cannot look at the nodes.
 */
export function admission(allowed: Allowed): (AdmissionPolicy | AdmissionBinding)[] {
  return [
    ...policy(allowed, "pods", {
      matchConstraints: { resourceRules: [rule([""], ["pods", "pods/ephemeralcontainers"])] },
      variables: podVariables(allowed),
      validations: podValidations(allowed),
    }),
    ...policy(allowed, "kinds", {
      matchConstraints: { resourceRules: [rule(["*"], ["*"])] },
      validations: kindValidations(allowed),
    }),
  ];
}

const rule = (apiGroups: readonly string[], resources: readonly string[]): Rule => ({
  apiGroups,
  apiVersions: ["*"],
  operations: WRITES,
  resources,
  scope: "Namespaced",
});

function policy(
  { namespace }: Allowed,
  part: string,
  spec: Omit<AdmissionPolicy["spec"], "failurePolicy">,
): [AdmissionPolicy, AdmissionBinding] {
  const name = `${PROJECT}.${namespace}.${part}`;
  const metadata: Metadata = {
    name,
    labels: { "app.kubernetes.io/name": PROJECT },
    // They quote the probe's scripts: Flux must not substitute the shell's own variables in them.
    annotations: { "kustomize.toolkit.fluxcd.io/substitute": "disabled" },
  };
  return [
    { apiVersion: VERSION, kind: "ValidatingAdmissionPolicy", metadata, spec: { failurePolicy: "Fail", ...spec } },
    {
      apiVersion: VERSION,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata,
      spec: {
        policyName: name,
        validationActions: ["Deny"],
        matchResources: { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } },
      },
    },
  ];
}
