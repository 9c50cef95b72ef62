/**
 * The isolation rules for the cluster itself: ValidatingAdmissionPolicies (stable since Kubernetes 1.30) for the test's
 * namespace, assembled from the CEL of each rule. The API server asks them of objects as it will store them: fields of features
 * that it has switched off are gone by then.
 *
 * https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
 */

import { PROJECT } from "../contract/names.ts";
import type { Allowed } from "../rules/allowed.ts";
import { RULES, type Rule } from "../rules/index.ts";
import { podVariables } from "../rules/podVariables.ts";
import type { AdmissionBinding, AdmissionPolicy, PolicyMetadata, ResourceRule, Validation } from "./types.ts";

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
      matchConstraints: { resourceRules: [resources([""], ["pods", "pods/ephemeralcontainers"])] },
      variables: Object.entries(podVariables(allowed)).map(([name, expression]) => ({ name, expression })),
      validations: validations(allowed, "pods"),
    }),
    ...policy(allowed, "kinds", {
      matchConstraints: { resourceRules: [resources(["*"], ["*"])] },
      validations: validations(allowed, "objects"),
    }),
  ];
}

const validations = (allowed: Allowed, of: "pods" | "objects"): Validation[] =>
  RULES.flatMap((rule) =>
    "inexpressible" in rule.cel
      ? []
      : (rule.cel[of]?.(allowed) ?? []).map((expression) => validation(rule, expression)),
  );

const validation = ({ id, title, remedy }: Rule, expression: string): Validation => ({
  expression,
  message: `${id}: ${title} ${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}.`,
  reason: "Forbidden",
});

const resources = (apiGroups: readonly string[], names: readonly string[]): ResourceRule => ({
  apiGroups,
  apiVersions: ["*"],
  operations: WRITES,
  resources: names,
  scope: "Namespaced",
});

function policy(
  { namespace }: Allowed,
  part: string,
  spec: Omit<AdmissionPolicy["spec"], "failurePolicy">,
): [AdmissionPolicy, AdmissionBinding] {
  const name = `${PROJECT}.${namespace}.${part}`;
  const metadata: PolicyMetadata = {
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
