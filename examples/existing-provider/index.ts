/**
 * The test on a cluster that your program already has a provider for.
 *
 *   pulumi config set kubeconfig ~/.kube/config
 *   pulumi config set context homelab
 *   pulumi config set node my-node
 */
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { FusePropagationTest } from "../../components/fusePropagationTest.ts";

const config = new pulumi.Config();
const kubeconfig = config.require("kubeconfig");
const context = config.require("context");
const node = config.require("node");

const cluster = new Provider("homelab", { kubeconfig, context });

// The provider makes the objects. The collector, and the sweep at destroy, are commands on this machine that know no provider: they
// connect by the same kubeconfig file and context.
const test = new FusePropagationTest("fuse", { nodes: [node], kubeconfig, context }, { provider: cluster });

export const verdict = test.verdicts.apply((nodes) => nodes[node]?.verdict);
export const next = test.verdicts.apply((nodes) => nodes[node]?.decision.nextStep);
