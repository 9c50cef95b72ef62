/**
 * The test as a Pulumi component. Plain `pulumi up` creates the objects, watches them and outputs a verdict for each node;
 * `pulumi destroy` removes them and what they left on the nodes.
 */
import { createHash } from "node:crypto";
import { local } from "@pulumi/command";
import {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from "@pulumi/kubernetes/admissionregistration/v1/index.js";
import { ConfigMap, Namespace, Pod } from "@pulumi/kubernetes/core/v1/index.js";
import * as pulumi from "@pulumi/pulumi";
import { repository } from "../base/paths.ts";
import { commandLine } from "../core/contract/commands.ts";
import { OWNER } from "../core/contract/names.ts";
import type { NodeVerdict } from "../core/diagnosis/answer.ts";
import { type AdmissionObject, type Bundle, bundle } from "../core/manifests/index.ts";
import type * as manifest from "../core/manifests/types.ts";
import { allowedBy, assertIsolated } from "../core/rules/index.ts";
import { identified, swept } from "../core/settings/identity.ts";
import { parseSettings, type Settings, type SettingsInput } from "../core/settings/settings.ts";
import { probeScripts } from "../probe/scripts.ts";
import { hideCommand, inputOf } from "./inputs.ts";
import { ownerHere } from "./owner.ts";

/** Settings of one test; only `nodes` is required. See core/settings/schema.ts for each, with its unit and its default. */
export type FusePropagationTestArgs = SettingsInput;

/**
 * Tests whether a FUSE mount made in one pod is seen in another pod of the same node.
 *
 * ```ts
 * const [kubeconfig, context] = ["/home/me/.kube/config", "homelab"];
 * const provider = new Provider("homelab", { kubeconfig, context });
 * const test = new FusePropagationTest("k3s-w2", { nodes: ["k3s-w2"], kubeconfig, context }, { provider });
 * export const verdict = test.verdicts.apply((nodes) => nodes["k3s-w2"]?.verdict);
 * ```
 *
 * The collector and the sweep connect by `kubeconfig` and `context` of the arguments and know no provider: a `provider`
 * must name the same cluster. Several instances may stand in one stack; give each a namespace of its own, and on one node
 * a `bridge` of its own too: there one instance would sweep the mounts of the other.
 */
export class FusePropagationTest extends pulumi.ComponentResource {
  /** The verdict of each node, by the node's name. Unknown in a preview. */
  readonly verdicts: pulumi.Output<Readonly<Record<string, NodeVerdict>>>;
  /** The identity of this run: `run`, and a hash of the settings and the probe. */
  readonly run: string;
  /** The underlying resources, for those who build on them. */
  readonly namespace: Namespace;
  readonly admission: readonly pulumi.CustomResource[];
  readonly probe: ConfigMap;
  readonly pods: readonly Pod[];
  readonly teardown: local.Command;
  readonly sweep: local.Command;
  /** Only where a scenario's daemon is a sidecar. */
  readonly release: local.Command | undefined;
  readonly collect: local.Command;

  /**
   * @param name names the instance; the children's names begin with it
   * @throws SettingsError naming every fault of the settings, IsolationError where an object breaks an isolation rule;
   * both before anything is registered
   */
  constructor(name: string, args: FusePropagationTestArgs, options?: pulumi.ComponentResourceOptions) {
    const scripts = probeScripts();
    const given = parseSettings(args);
    const settings = identified({ ...given, owner: given.owner || ownerHere(pulumi.getStack()) }, scripts);
    const objects = bundle(settings, scripts);
    const all = [
      objects.namespace,
      objects.probe,
      ...objects.pods.flatMap(({ producer, consumer }) => [producer, consumer]),
      ...objects.samePods.map(({ pod }) => pod),
    ];
    assertIsolated(all, { ...allowedBy(settings), scripts });

    super("fuse-propagation-test:index:FusePropagationTest", name, {}, options);

    // A child's resource name is its identity: renaming one replaces it.
    this.run = settings.run;
    // Whoever made it owns it, also where somebody else of a team works on the stack.
    const ignoreChanges = [`metadata.annotations["${OWNER}"]`];
    this.namespace = new Namespace(`${name}-namespace`, inputOf(objects.namespace), { parent: this, ignoreChanges });
    this.admission = objects.admission.map((object) => this.admissionObject(name, settings, object));
    const inNamespace = { parent: this, dependsOn: [this.namespace] };
    this.probe = new ConfigMap(`${name}-probe`, inputOf(objects.probe), inNamespace);
    this.teardown = teardown(name, settings, { parent: this, dependsOn: [this.probe, ...this.admission] });
    this.sweep = sweepAtReplacement(name, settings, { ...inNamespace, deletedWith: this.teardown });
    const child = (node: string, scenario?: { readonly id: string }) =>
      [name, node, scenario?.id].filter(Boolean).join("-");
    // The consumer first: its negative control must be there before the mount.
    const base = objects.pods
      .filter(({ scenario }) => !scenario)
      .flatMap(({ node, producer, consumer }) => {
        const reader = this.pod(`${child(node)}-consumer`, consumer);
        return [this.pod(`${child(node)}-producer`, producer, [reader]), reader];
      });
    // After them, or a node that makes all those pods would have the mount long after its readers; and pair by pair: an engine that may
    // choose makes the two pods of one a minute apart.
    const last = new Map(settings.nodes.map((node) => [node, base]));
    const scenarios = inTurns(objects).flatMap(({ node, scenario, pods }) => {
      const made = pods.map(({ part, pod }) => this.pod(`${child(node, scenario)}${part}`, pod, last.get(node)));
      last.set(node, made);
      return made;
    });
    this.pods = [...base, ...scenarios];
    this.release =
      objects.samePods.length > 0
        ? releaseAtDestroy(name, settings, { parent: this, dependsOn: [...this.pods] })
        : undefined;
    this.collect = collect(name, settings, bundle({ ...settings, owner: "" }, scripts), inNamespace);
    // The collector masks what it prints.
    this.verdicts = pulumi
      .unsecret(this.collect.stdout)
      .apply((text) => (JSON.parse(text) as { nodes: Record<string, NodeVerdict> }).nodes);

    this.registerOutputs({ run: this.run, verdicts: this.verdicts });
  }

  /** Cluster-scoped: in force before the pods come, and until after they are gone. */
  private admissionObject(name: string, settings: Settings, object: AdmissionObject): pulumi.CustomResource {
    const child = `${name}-${object.metadata.name}`;
    return object.kind === "ValidatingAdmissionPolicy"
      ? new ValidatingAdmissionPolicy(
          child,
          { ...inputOf(object), spec: secretly(settings, inputOf(object.spec)) },
          { parent: this },
        )
      : new ValidatingAdmissionPolicyBinding(`${child}-binding`, inputOf(object), { parent: this });
  }

  /** A pod that is replaced is deleted before the sweep runs. */
  private pod(name: string, pod: manifest.Pod, after: readonly Pod[] = []): Pod {
    // Whether a pod becomes ready is what is tested: the collector watches it, the engine waits for its creation only.
    // `skipAwait` would also skip the wait at deletion, and the sweep would meet a producer that still unmounts.
    const annotations = { ...pod.metadata.annotations, "pulumi.com/waitFor": "jsonpath={.metadata.uid}" };
    const args = inputOf({ ...pod, metadata: { ...pod.metadata, annotations } });
    const hasCommand = hideCommand([...(args.spec.initContainers ?? []), ...args.spec.containers]);
    return new Pod(name, args, {
      parent: this,
      deletedWith: this.teardown,
      // What the API server answers has it again.
      ...(hasCommand ? { additionalSecretOutputs: ["spec"] } : {}),
      dependsOn: [this.probe, this.sweep, ...this.admission, ...after],
      deleteBeforeReplace: true,
    });
  }
}

/** The pods of every pair that waits for its turn, the first first, each with the end of its resource's name. */
const inTurns = ({ pods, samePods }: Bundle) =>
  [
    ...pods
      .filter(({ scenario }) => scenario)
      .map(({ producer, consumer, ...pair }) => ({
        ...pair,
        pods: [
          { part: "-producer", pod: producer },
          { part: "-consumer", pod: consumer },
        ],
      })),
    ...samePods.map(({ pod, ...pair }) => ({ ...pair, pods: [{ part: "", pod }] })),
  ].sort((one, other) => one.schedule.turnSeconds - other.schedule.turnSeconds);

/**
 * Does nothing on creation; on destroy it deletes the pods, and then takes away what a killed producer left on the nodes. Only
 * afterwards the engine deletes what the pods needed, and the namespace. By itself it would delete each producer before its consumer, and
 * wait until each pod is removed, where it is enough that it has ended.
 *
 * It is never replaced, as all that is deleted with it would go too: where settings change, the engine deletes what it replaces.
 */
function teardown(name: string, settings: Settings, options: pulumi.CustomResourceOptions): local.Command {
  return new local.Command(
    `${name}-teardown`,
    {
      delete: commandLine("sweep", { keepNamespace: true }),
      stdin: JSON.stringify(swept(settings)),
      dir: repository,
      logging: local.Logging.Stderr,
    },
    options,
  );
}

/** Does nothing on creation; where another place takes its own, it takes away what a killed producer left at the old one. */
function sweepAtReplacement(name: string, settings: Settings, options: pulumi.CustomResourceOptions): local.Command {
  const { kubeconfig, context, nodes, namespace, bridge } = settings;
  return new local.Command(
    `${name}-sweep`,
    {
      delete: commandLine("sweep", { nodesOnly: true }),
      stdin: JSON.stringify(swept(settings)),
      dir: repository,
      // Another place is another sweep: the old one is swept where the old pods were.
      triggers: [JSON.stringify({ kubeconfig, context, nodes, namespace, bridge })],
      logging: local.Logging.Stderr,
    },
    options,
  );
}

/**
 * Does nothing on creation; on destroy it deletes the pods whose daemon is a sidecar, before the engine does: one that a mount keeps
 * would keep the engine, too, and the sweep comes only after the pods.
 */
function releaseAtDestroy(name: string, settings: Settings, options: pulumi.CustomResourceOptions): local.Command {
  return new local.Command(
    `${name}-release`,
    {
      delete: commandLine("sweep", { release: true }),
      stdin: JSON.stringify({ ...swept(settings), run: settings.run }),
      dir: repository,
      triggers: [settings.run],
      logging: local.Logging.Stderr,
    },
    options,
  );
}

/** Runs beside the pods, not after them: it sees them come, and gets the API's words where they do not. */
function collect(
  name: string,
  settings: Settings,
  objects: object,
  options: pulumi.CustomResourceOptions,
): local.Command {
  return new local.Command(
    `${name}-collect`,
    {
      create: commandLine("collect", { run: settings.run, failOn: settings.failOn }),
      stdin: secretly(settings, JSON.stringify(settings)),
      dir: repository,
      triggers: [createHash("sha256").update(JSON.stringify(objects)).digest("hex")],
      logging: local.Logging.Stderr,
    },
    options,
  );
}

/** What holds the command is secret in state, in previews and in logs: there may be a key in it. */
function secretly<T>({ command }: Settings, value: T): pulumi.Input<T> {
  return (command === "" ? value : pulumi.secret(value)) as pulumi.Input<T>;
}
