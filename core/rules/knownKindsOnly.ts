import { isDeepStrictEqual } from "node:util";
import { lines } from "./cel.ts";
import { isFluxKustomization, isKustomization } from "./gitops.ts";
import { CLUSTER_SCOPED, typeToken } from "./kinds.ts";
import { isOpaque } from "./noOpaqueSources.ts";
import type { Review } from "./review.ts";
import { type Rule, values } from "./rule.ts";

const KNOWN: ReadonlySet<string> = new Set(["v1 Namespace", "v1 ConfigMap", "v1 Pod"]);

/** What the engine and the component themselves register. */
const OWN_TYPES: ReadonlySet<string> = new Set([
  "pulumi:pulumi:Stack",
  "pulumi:pulumi:StackReference",
  "pulumi:providers:kubernetes",
  "pulumi:providers:command",
  "command:local:Command",
]);

export const knownKindsOnly: Rule = {
  id: "known-kinds-only",
  severity: "high",
  title: "Nothing is made but a namespace, config maps, pods, and what the component itself makes.",
  remedy:
    "make only Namespace, ConfigMap and Pod of v1; keep other things in a stack of their own (or use scope namespace)",
  restrictions: [
    {
      fields: ["kind"],
      allowed: `${values(KNOWN)}; the admission policies of this test, word for word; in files also \`v1 List\` and the Kustomizations of Flux and of kustomize`,
    },
    {
      fields: ["(type of a Pulumi resource)"],
      allowed: `components, ${values(OWN_TYPES)}, and the kinds above, but none of their \`Patch\` forms`,
    },
  ],
  check(review) {
    const { resource, kind, apiVersion } = review.subject;
    if (isOpaque(review)) return;
    if (resource && !typeToken(resource.type) && kind === "") {
      // A component is nothing but its children, and those are judged one by one.
      if (!resource.component && !OWN_TYPES.has(resource.type))
        review.reportWithoutValue(review.object, `of type ${resource.type} is not part of this test`);
    } else if (resource && typeToken(resource.type)?.patch) {
      review.reportWithoutValue(review.object, "is a patch: it changes an object that others made");
    } else reportKind(review, `${apiVersion} ${kind}`);
  },
  cel: {
    objects: () => [
      lines(
        "(request.resource.group == '' && request.resource.resource in ['pods', 'configmaps', 'events'])",
        "|| (request.resource.group == 'events.k8s.io' && request.resource.resource == 'events')",
        `|| ${BY_KUBERNETES}`,
      ),
    ],
    beyond: "Objects that lie in no namespace, the namespace itself among them, never come before the policies.",
  },
};

function reportKind(review: Review, what: string): void {
  // Both are read through the cursor, so that an unknown one is reported.
  const kind = review.object.get("kind");
  if (review.object.get("apiVersion").unknown || kind.unknown) return;
  if (KNOWN.has(what) || isOwnPolicy(review) || (review.allowed.files && inFiles(review, what))) return;
  const scope = CLUSTER_SCOPED.has(review.subject.kind) ? "belongs to the whole cluster" : "is not part of this test";
  review.reportWithoutValue(kind, `(${what}) ${scope}`);
}

/** A policy that confines the test is let through as it was generated; another one could let anything through. */
function isOwnPolicy({ allowed, subject: { object, kind, apiVersion }, name }: Review): boolean {
  if (apiVersion !== "admissionregistration.k8s.io/v1") return false;
  return (allowed.policies ?? []).some(
    (own) => own.kind === kind && own.metadata.name === name && isDeepStrictEqual(object.spec, own.spec),
  );
}

function inFiles(review: Review, what: string): boolean {
  const plainList = what === "v1 List" && Array.isArray(review.subject.object.items);
  return plainList || isFluxKustomization(review) || isKustomization(review);
}

/**
 * What Kubernetes itself puts into every namespace: events, and by its controllers the default service account, the CA's
 * config map, and the notes of network plugins on pods. Their accounts tell those controllers from others; pods that they make
 * are judged like anybody's.
 */
const BY_KUBERNETES = lines(
  "request.userInfo.username.startsWith('system:node:')",
  "|| request.userInfo.username.startsWith('system:kube-')",
  "|| request.userInfo.username == 'system:apiserver'",
  "|| request.userInfo.username.startsWith('system:serviceaccount:kube-system:')",
);
