/** The policy pack: one mandatory policy for each isolation rule of core/rules. */
import { PolicyPack } from "@pulumi/policy";
import { RULES } from "../core/rules/index.ts";
import { policyOf } from "./policies.ts";

new PolicyPack("fuse-propagation-test", {
  displayName: "FUSE Propagation Test: isolation",
  description: "Only the allowed nodes, only the test's namespace, only the bridge directory, and nothing that hides.",
  enforcementLevel: "mandatory",
  policies: RULES.map(policyOf),
});
