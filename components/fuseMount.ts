/** A FUSE mount for other pods as a Pulumi component: the same objects that `npm run recipe` writes, in a stack of one's own. */
import { Deployment } from "@pulumi/kubernetes/apps/v1/index.js";
import { Namespace } from "@pulumi/kubernetes/core/v1/index.js";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1/index.js";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1/index.js";
import * as pulumi from "@pulumi/pulumi";
import { daemonDeployment, disruptionBudget, networkPolicy, recipeNamespace } from "../core/recipe/daemon.ts";
import { type ReaderParts, readerParts } from "../core/recipe/reader.ts";
import { parseRecipe, pointOf, type RecipeInput } from "../core/recipe/settings.ts";
import { hideCommand, inputOf, type Mutable } from "./inputs.ts";

/** Settings of one mount; only `nodes` is required. See core/recipe/settings.ts for each, with its unit and its default. */
export type FuseMountArgs = Omit<RecipeInput, "readers">;

/**
 * Mounts a FUSE file system on a node, for the pods that read it there.
 *
 * ```ts
 * const media = new FuseMount("media", { nodes: ["k3s-w2"], grade: "A", source: "zurg:", secret: "rclone" });
 * const { placement, gate, volume, volumeMount, livenessProbe, labels } = media.reader;
 * ```
 *
 * Put `reader` into the pods that read: what it holds, and why, the patches of `npm run recipe` say.
 */
export class FuseMount extends pulumi.ComponentResource {
  /** Where the file system is, on the node and in every pod. */
  readonly mountPoint: string;
  /** What each pod that reads needs, as parts of its spec. */
  readonly reader: Mutable<ReaderParts>;
  /** The underlying resources, for those who build on them. */
  readonly namespace: Namespace | undefined;
  readonly networkPolicy: NetworkPolicy;
  readonly disruptionBudget: PodDisruptionBudget | undefined;
  readonly daemon: Deployment;

  /**
   * @param name names the instance; the children's names begin with it
   * @throws SettingsError naming every fault of the settings, before anything is registered
   */
  constructor(name: string, args: FuseMountArgs, options?: pulumi.ComponentResourceOptions) {
    const recipe = parseRecipe(args);

    super("fuse-propagation-test:index:FuseMount", name, {}, options);

    this.mountPoint = pointOf(recipe);
    this.reader = inputOf(readerParts(recipe));
    this.namespace = recipe.createNamespace
      ? new Namespace(`${name}-namespace`, inputOf(recipeNamespace(recipe)), { parent: this })
      : undefined;
    const inNamespace = { parent: this, dependsOn: this.namespace ? [this.namespace] : [] };
    this.networkPolicy = new NetworkPolicy(`${name}-network-policy`, inputOf(networkPolicy(recipe)), inNamespace);
    this.disruptionBudget = recipe.disruptionBudget
      ? new PodDisruptionBudget(`${name}-disruption-budget`, inputOf(disruptionBudget(recipe)), inNamespace)
      : undefined;
    // One mount point has one daemon at a time: the old one goes before the new one comes.
    const deployment = inputOf(daemonDeployment(recipe));
    const hasCommand = hideCommand(deployment.spec.template.spec.containers);
    this.daemon = new Deployment(`${name}-daemon`, deployment, {
      ...inNamespace,
      deleteBeforeReplace: true,
      ...(hasCommand ? { additionalSecretOutputs: ["spec"] } : {}),
    });

    this.registerOutputs({ mountPoint: this.mountPoint });
  }
}
