/**
 * The test as a gate in a program of your own: what depends on it is deployed only where the answer is yes.
 *
 *   pulumi config set node my-node
 */
import { Namespace } from "@pulumi/kubernetes/core/v1/index.js";
import * as pulumi from "@pulumi/pulumi";
import { FusePropagationTest } from "../../components/fusePropagationTest.ts";

const node = new pulumi.Config().require("node");

const test = new FusePropagationTest("fuse", {
  nodes: [node],
  // A failure, or no answer, ends `pulumi up` with an error. Without this it is an output like any other.
  failOn: "inconclusive",
  inspectionMinutes: 5,
});

const media = new Namespace("media", { metadata: { name: "media" } }, { dependsOn: [test] });

export const namespace = media.metadata.name;
export const verdict = test.verdicts.apply((nodes) => nodes[node]?.verdict);
export const explanation = test.verdicts.apply((nodes) => nodes[node]?.explanation);
