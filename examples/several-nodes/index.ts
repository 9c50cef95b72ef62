/**
 * Several nodes in one test: each has a pair of pods of its own, and a verdict.
 *
 *   pulumi config set --path 'nodes[0]' storage-1
 *   pulumi config set --path 'nodes[1]' storage-2
 */
import * as pulumi from "@pulumi/pulumi";
import { FusePropagationTest } from "../../components/fusePropagationTest.ts";

const nodes = new pulumi.Config().requireObject<string[]>("nodes");

const test = new FusePropagationTest("fuse", {
  nodes,
  tolerations: [{ key: "node.longhorn.io/storage", operator: "Equal", value: "enabled", effect: "NoSchedule" }],
});

/** A line a node: the verdict, and what explains it. */
export const verdicts = test.verdicts.apply((all) =>
  Object.fromEntries(Object.entries(all).map(([node, { verdict, cause }]) => [node, `${verdict}: ${cause}`])),
);

/** Grade A: every reader sees the mount, and is back by itself after the daemon was killed and started again. */
export const fit = test.verdicts.apply((all) => nodes.filter((node) => all[node]?.grade === "A"));
