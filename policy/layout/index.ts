/** The pack `fuse-layout`: what `diagnose` finds in manifests, found in a stack's preview. Advisory, unless its configuration says more. */
import { PolicyPack } from "@pulumi/policy";
import { FINDINGS, type FindingId } from "../../core/layout/index.ts";
import { layoutPolicyOf } from "./policies.ts";

new PolicyPack("fuse-layout", {
  displayName: "FUSE layout",
  description: "How pods share a FUSE mount: volumes, propagation, nodes, gates and probes.",
  enforcementLevel: "advisory",
  policies: (Object.keys(FINDINGS) as FindingId[]).map(layoutPolicyOf),
});
