/**
 * A policy pack of your own: every isolation rule of the test, set to what your cluster allows, and a policy of yours beside them.
 *
 *   pulumi preview --policy-pack ../policy-pack
 */
import { Pod } from "@pulumi/kubernetes/core/v1/index.js";
import { PolicyPack, type ResourceValidationPolicy, validateResourceOfType } from "@pulumi/policy";
import { RULES } from "../../core/rules/index.ts";
import { policyOf } from "../../policy/policies.ts";

/** `scope: "namespace"`: the rest of your stack is not judged by the test's rules. */
const ALLOWED = {
  nodes: ["storage-1", "storage-2"],
  namespace: "fuse-test",
  bridge: "/tmp/fuse-test-bridge",
  scope: "namespace",
};

/** What the beginning of an image's name may be. */
const SOURCES = ["rclone/", "registry.example.com/"];

const knownSources: ResourceValidationPolicy = {
  name: "known-image-sources",
  description: `Every image begins with one of ${SOURCES.join(", ")}.`,
  enforcementLevel: "mandatory",
  validateResource: validateResourceOfType(Pod, (pod, _, report) => {
    for (const { image = "" } of pod.spec?.containers ?? [])
      if (!SOURCES.some((source) => image.startsWith(source))) report(`${image} is from elsewhere`);
  }),
};

new PolicyPack(
  "our-policies",
  { policies: [...RULES.map(policyOf), knownSources] },
  Object.fromEntries(RULES.map(({ id }) => [id, { enforcementLevel: "mandatory", ...ALLOWED }])),
);
