import { fluxTarget, kustomizeNamespace } from "./gitops.ts";
import { CLUSTER_SCOPED, listed } from "./kinds.ts";
import type { Rule } from "./rule.ts";
import { shapeOf } from "./subject.ts";

export const testNamespaceOnly: Rule = {
  id: "test-namespace-only",
  severity: "critical",
  title: "Every object lies in the test's namespace, by its own words.",
  remedy: "set the test's namespace in the object itself",
  check(look) {
    const { object, allowed, subject } = look;
    const other = `is not the allowed namespace ${allowed.namespace}`;
    const kind = shapeOf(subject);
    // Resources that are no objects of Kubernetes lie in no namespace.
    if (subject.resource && kind === "") return;
    if (listed(kind) !== undefined && Array.isArray(subject.object.items)) return;

    const target = fluxTarget(look) ?? kustomizeNamespace(look);
    if (target) {
      if (!target.empty && target.text !== allowed.namespace) look.fault(target, other);
      return;
    }
    if (kind === "Namespace") {
      const name = object.dig("metadata", "name");
      if (name.text !== allowed.namespace) look.fault(name, other);
      return;
    }
    const namespace = object.dig("metadata", "namespace");
    if (CLUSTER_SCOPED.has(kind) && namespace.empty) return;
    if (namespace.text !== allowed.namespace) look.fault(namespace, other);
  },
};
