import type { PolicyResource, StackValidationPolicy } from "@pulumi/policy";
import { FINDINGS, type Finding, type FindingId, layoutOf } from "../../core/layout/index.ts";
import { typeToken } from "../../core/rules/kinds.ts";
import { propertiesOf } from "../properties.ts";

/** A finding as a policy: it takes the whole stack to see who shares a directory with whom. */
export const layoutPolicyOf = (id: FindingId): StackValidationPolicy => ({
  name: id,
  description: `Pods that share a FUSE mount: ${id}.`,
  enforcementLevel: "advisory",
  severity: FINDINGS[id] === "error" ? "high" : "low",
  validateStack: ({ resources }, report) => {
    for (const finding of findingsIn(resources))
      if (finding.id === id) report(`${finding.path}: ${finding.message} Fix: ${finding.fix}`, finding.file);
  },
});

/** Each policy asks for the same resources. */
const found = new WeakMap<readonly PolicyResource[], readonly Finding[]>();

/** What is found in a stack; the file of each is the URN of its resource. */
function findingsIn(resources: PolicyResource[]): readonly Finding[] {
  const known = found.get(resources);
  if (known) return known;
  const manifests = resources.flatMap(({ type, urn, name, props }) => {
    const token = typeToken(type);
    if (!token) return [];
    const object = { metadata: { name }, ...(propertiesOf(props) as object) };
    return [{ file: urn, object: { ...object, kind: token.kind } }];
  });
  const { findings } = layoutOf(manifests);
  found.set(resources, findings);
  return findings;
}
