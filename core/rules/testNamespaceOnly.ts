import { fluxTarget, kustomizeNamespace } from "./gitops.ts";
import { CLUSTER_SCOPED, listed } from "./kinds.ts";
import type { Rule } from "./rule.ts";
import { shapeOf } from "./subject.ts";

export const testNamespaceOnly: Rule = {
  id: "test-namespace-only",
  severity: "critical",
  title: "Every object lies in the test's namespace, by its own words.",
  remedy: "set the test's namespace in the object itself",
  restrictions: [
    {
      fields: ["metadata.namespace"],
      allowed: "the test's namespace; not set in objects that lie in no namespace",
    },
    { fields: ["metadata.name"], allowed: "the test's namespace, in a Namespace" },
    {
      fields: ["spec.targetNamespace", "namespace"],
      allowed: "not set, empty, or the test's namespace, in a Kustomization of Flux and of kustomize",
    },
  ],
  check(review) {
    const { object, allowed, subject } = review;
    const other = `is not the allowed namespace ${allowed.namespace}`;
    const kind = shapeOf(subject);
    // Resources that are no objects of Kubernetes lie in no namespace.
    if (subject.resource && kind === "") return;
    if (listed(kind) !== undefined && Array.isArray(subject.object.items)) return;

    const target = fluxTarget(review) ?? kustomizeNamespace(review);
    if (target) {
      if (!target.empty && target.text !== allowed.namespace) review.report(target, other);
      return;
    }
    if (kind === "Namespace") {
      const name = object.dig("metadata", "name");
      if (name.text !== allowed.namespace) review.report(name, other);
      return;
    }
    const namespace = object.dig("metadata", "namespace");
    if (CLUSTER_SCOPED.has(kind) && namespace.empty) return;
    if (namespace.text !== allowed.namespace) review.report(namespace, other);
  },
  cel: {
    inexpressible:
      "The policies are bound to the test's namespace, so that the rest of the cluster is none of their business: what lies elsewhere never comes before them.",
  },
};
