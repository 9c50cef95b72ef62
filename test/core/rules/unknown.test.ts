import assert from "node:assert/strict";
import { RULES, UNKNOWN, violationsOf } from "../../../core/rules/index.ts";
import { ALLOWED, type Fields, fixtures } from "./fixtures.ts";

const consumer = (): Fields =>
  structuredClone(fixtures("valid").find(({ name }) => name === "consumer.yaml")?.documents[0] ?? {});

/** The object with another value at a path such as `spec.containers.0.image`. */
function withValue(object: unknown, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(object))
    return object.map((one, index) => (index === Number(key) ? withValue(one, rest, value) : one));
  return { ...(object as Fields), [key]: withValue((object as Fields | undefined)?.[key], rest, value) };
}

/** Every place of an object. */
function paths(value: unknown, at: readonly string[] = []): string[][] {
  const inner =
    typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, one]) => paths(one, [...at, key]))
      : [];
  return at.length > 0 ? [[...at], ...inner] : inner;
}

const unknownRules = (object: unknown) =>
  violationsOf(object, ALLOWED)
    .filter(({ message }) => message.includes("unknown until deployment"))
    .map(({ rule }) => rule);

describe("isolation rules and unknown values", () => {
  const FIELDS: Readonly<Record<string, string>> = {
    "spec.affinity": "pinned-to-test-node",
    "spec.nodeName": "pinned-to-test-node",
    "spec.tolerations": "pinned-to-test-node",
    "metadata.namespace": "test-namespace-only",
    kind: "known-kinds-only",
    "spec.containers.0.securityContext.privileged": "privileged-producer-only",
    "spec.volumes.0.hostPath.path": "bridge-hostpath-only",
    "spec.containers.0.volumeMounts.0.mountPropagation": "mount-propagation",
    "spec.hostNetwork": "no-host-namespaces",
    "spec.containers.0.ports": "no-host-ports",
    "spec.containers.0.securityContext.capabilities": "no-added-capabilities",
    "spec.containers.0.securityContext.allowPrivilegeEscalation": "no-privilege-escalation",
    "spec.containers.0.securityContext.seccompProfile.type": "hardened-defaults",
    "spec.automountServiceAccountToken": "no-service-account-token",
    "spec.containers.0.image": "pinned-images",
    "spec.containers.0.resources.limits.memory": "bounded-resources",
    "spec.activeDeadlineSeconds": "bounded-lifetime",
  };
  for (const [path, rule] of Object.entries(FIELDS))
    it(`refuse an unknown ${path} by ${rule}`, () => {
      assert.ok(unknownRules(withValue(consumer(), path.split("."), UNKNOWN)).includes(rule));
    });

  it("refuse an unknown spec, container list or container by every rule that reads it", () => {
    const readers = RULES.map(({ id }) => id).filter(
      (id) => !["test-namespace-only", "known-kinds-only", "no-opaque-sources"].includes(id),
    );
    assert.deepEqual([...new Set(unknownRules(withValue(consumer(), ["spec"], UNKNOWN)))].sort(), [...readers].sort());
    for (const path of ["spec.containers", "spec.containers.0"])
      assert.ok(unknownRules(withValue(consumer(), path.split("."), UNKNOWN)).length >= 8, path);
  });

  it("still find another breach beside an unknown value, wherever that is", () => {
    for (const path of paths(consumer())) {
      if (["spec", "metadata", "kind"].includes(path.join("."))) continue;
      const object = withValue(withValue(consumer(), path, UNKNOWN), ["spec", "hostPID"], true);
      const found = violationsOf(object, ALLOWED).some(
        (one) => one.rule === "no-host-namespaces" && one.path === "spec.hostPID",
      );
      assert.ok(found, path.join("."));
    }
  });

  it("never take an unknown value for a harmless one", () => {
    // A field that makes a difference when it is changed is a field that a rule reads.
    for (const path of paths(consumer())) {
      const changed = violationsOf(withValue(consumer(), path, "another"), ALLOWED);
      if (changed.length === 0) continue;
      assert.ok(violationsOf(withValue(consumer(), path, UNKNOWN), ALLOWED).length > 0, path.join("."));
    }
  });
});
