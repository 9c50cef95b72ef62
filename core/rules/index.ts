/**
 * The isolation rules: only these nodes, only this namespace, only the bridge. Each is a pure function over plain objects, and
 * the same ones judge the component's objects, a Pulumi stack (policy/), files (cli/commands/check.ts) and, as CEL, what reaches an API
 * server (core/admission).
 */
import type { Allowed } from "./allowed.ts";
import { boundedLifetime } from "./boundedLifetime.ts";
import { boundedResources } from "./boundedResources.ts";
import { bridgeHostpathOnly } from "./bridgeHostpathOnly.ts";
import { hardenedDefaults } from "./hardenedDefaults.ts";
import { knownKindsOnly } from "./knownKindsOnly.ts";
import { mountPropagation } from "./mountPropagation.ts";
import { noAddedCapabilities } from "./noAddedCapabilities.ts";
import { noHostNamespaces } from "./noHostNamespaces.ts";
import { noHostPorts } from "./noHostPorts.ts";
import { noOpaqueSources } from "./noOpaqueSources.ts";
import { noPrivilegeEscalation } from "./noPrivilegeEscalation.ts";
import { noServiceAccountToken } from "./noServiceAccountToken.ts";
import { pinnedImages } from "./pinnedImages.ts";
import { pinnedToTestNode } from "./pinnedToTestNode.ts";
import { privilegedProducerOnly } from "./privilegedProducerOnly.ts";
import { Review, type Violation } from "./review.ts";
import type { Rule } from "./rule.ts";
import { type Resource, subjectsOf } from "./subject.ts";
import { testNamespaceOnly } from "./testNamespaceOnly.ts";

export { type Allowed, allowedBy } from "./allowed.ts";
export { UNKNOWN } from "./cursor.ts";
export { isRemote } from "./gitops.ts";
export { noOpaqueSources } from "./noOpaqueSources.ts";
export type { Severity, Violation } from "./review.ts";
export type { Rule } from "./rule.ts";
export type { Resource } from "./subject.ts";

/** The catalogue, the gravest first. */
export const RULES: readonly Rule[] = [
  pinnedToTestNode,
  testNamespaceOnly,
  privilegedProducerOnly,
  bridgeHostpathOnly,
  mountPropagation,
  noHostNamespaces,
  noAddedCapabilities,
  knownKindsOnly,
  noHostPorts,
  noPrivilegeEscalation,
  hardenedDefaults,
  noServiceAccountToken,
  noOpaqueSources,
  pinnedImages,
  boundedResources,
  boundedLifetime,
];

/** A list with more violations than this is read no further. */
const MOST_VIOLATIONS = 10_000;

/**
 * Every violation in a document, which may be a list of objects; of a hopeless one, the first ten thousand.
 *
 * @param document plain data; UNKNOWN stands where a value is not known yet
 * @param resource what else is known where the document is a Pulumi resource's inputs
 */
export function violationsOf(
  document: unknown,
  allowed: Allowed,
  rules: readonly Rule[] = RULES,
  resource?: Resource,
): Violation[] {
  const violations: Violation[] = [];
  for (const subject of subjectsOf(document, resource)) {
    const review = new Review(subject, allowed);
    for (const rule of rules) review.by(rule);
    for (const violation of review.violations) violations.push(violation);
    if (violations.length > MOST_VIOLATIONS) break;
  }
  return violations;
}

/** Objects that break the isolation they promise. */
export class IsolationError extends Error {
  readonly violations: readonly Violation[];
  constructor(violations: readonly Violation[]) {
    const lines = violations.map(({ rule, message }) => `  ${rule}: ${message}`);
    super(`the objects of this test would break its isolation:\n${lines.join("\n")}`);
    this.name = "IsolationError";
    this.violations = violations;
  }
}

/** @throws IsolationError naming every violation. */
export function assertIsolated(objects: readonly object[], allowed: Allowed): void {
  const violations = objects.flatMap((object) => violationsOf(object, allowed));
  if (violations.length > 0) throw new IsolationError(violations);
}
