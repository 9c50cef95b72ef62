/** Scheduler, kubelet and runtime: they make the containers of both pods, refuse them, start them again, and tell of it. */
import type { V1Pod } from "@kubernetes/client-node";
import type { Task } from "./clock.ts";
import { type FileSystem, HOST, isFuse } from "./mounts.ts";
import type { Plan } from "./plan.ts";
import { type Name, specOf, volumeOf } from "./pods.ts";
import { Producer } from "./producer.ts";
import { Reader } from "./reader.ts";
import { CONTAINERS, END, plainFs, ROLES, RUN, START, World } from "./world.ts";

type Status = NonNullable<NonNullable<V1Pod["status"]>["containerStatuses"]>[number];
type State = NonNullable<Status["state"]>;

const NO_ROOM = "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match Pod's node affinity/selector.";

const TAINTED =
  "0/2 nodes are available: 1 node(s) had untolerated taint {node.longhorn.io/storage: enabled}, 1 node(s) didn't match Pod's node affinity/selector.";
const PSA = 'pods "fuse-producer" is forbidden: violates PodSecurity "baseline:latest": privileged';
const UNPRIVILEGED =
  'Pod "fuse-producer" is invalid: spec.containers[0].volumeMounts[0].mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers';
const QUOTA =
  'pods "fuse-producer" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=8, limited: pods=8';
const IDMAP = "failed to create containerd task: failed to set MOUNT_ATTR_IDMAP on /tmp/bridge: invalid argument";
const notShared = (kind: string, path: string) =>
  `failed to generate container spec: failed to generate spec: path "${path}" is mounted on "/" but it is not a ${kind} mount`;

const container = (name: Name, restartCount: number): Status => ({
  name: CONTAINERS[name],
  restartCount,
  image: "",
  imageID: "",
  ready: false,
});

const READERS = ["default", "hardened"] as const;

class Kubelet {
  readonly world: World;
  private readonly statuses = new Map<Name, Status>();
  private readonly placed = { producer: false, consumer: false };
  private readonly words: { producer?: string; consumer?: string } = {};
  private readonly restarts: Record<Name, number> = { producer: 0, control: 0, default: 0, hardened: 0 };
  private readonly tasks = new Map<Name, Task>();
  private readonly lives = new Map<Name, Producer | Reader>();

  constructor(world: World) {
    this.world = world;
  }

  run(): void {
    const { world } = this;
    const { plan } = world;
    this.prepareNode();
    if (plan.pods === "pod-security") {
      world.refusals.push({ at: START, words: PSA }, { at: START, words: PSA.replace("producer", "consumer") });
      return;
    }
    if (plan.pods === "not-privileged") world.refusals.push({ at: START, words: UNPRIVILEGED });
    else if (plan.pods === "quota") world.refusals.push({ at: START, words: QUOTA });
    else world.clock.start(this.pod("producer"));
    world.clock.start(this.pod("consumer"));
    world.clock.start(this.accidents());
    world.clock.run(END);
    world.sweepTruth();
  }

  /** What is on the node before anything of this run. */
  private prepareNode(): void {
    const { world } = this;
    const { plan, variation, tables, hostFs } = world;
    const { directory } = volumeOf(world, "producer");
    const point = variation.leaf ? directory : `${directory}/fuse`;
    const mount = (over: Partial<FileSystem>, at: string) =>
      tables.mount(HOST, at, {
        ...plainFs("fuse.rclone", "/tmp/source", tables.freeDevice()),
        options: "rw,allow_other",
        ...over,
      });
    if (plan.node === "bridge-on-fuse") mount({ type: "fuse.mergerfs", source: "a:b" }, directory);
    const nonce = "0ddba11d-0000-4000-8000-000000000000";
    const run = plan.seed % 2 ? RUN : "r0";
    if (plan.node === "plain-marker") hostFs.files.set(`${point}/marker`, `run=${run} nonce=${nonce}`);
    if (plan.node === "left-alive" || plan.node === "left-stuck")
      mount({ files: new Map([["/marker", `run=r0 nonce=${nonce}`]]) }, point);
    if (plan.node === "in-use") mount({ source: "media:" }, point);
    if (plan.node === "left-dead") mount({ daemon: "dead" }, point);
  }

  private *pod(component: "producer" | "consumer"): Task {
    const { plan, variation } = this.world;
    const names: readonly Name[] = component === "producer" ? ["producer"] : ROLES;
    for (const name of names) this.set(name, { waiting: { reason: "ContainerCreating" } });
    if (plan.pods === "taint" || plan.pods === "no-room-yet") {
      this.words[component] = plan.pods === "taint" ? TAINTED : NO_ROOM;
      this.tell(component);
      yield plan.pods === "taint" ? 1000 : 3;
      delete this.words[component];
    }
    this.placed[component] = true;
    this.tell(component);
    if (plan.pods.startsWith("image-") && (plan.seed % 2 === 0) === (component === "producer")) {
      yield 0.3;
      for (const name of names)
        this.set(name, { waiting: { reason: "ErrImagePull", message: "dial tcp: i/o timeout" } });
      yield 0.4;
      for (const name of names)
        this.set(name, {
          waiting: { reason: "ImagePullBackOff", message: 'Back-off pulling image "rclone/rclone:9"' },
        });
      yield plan.pods === "image-late" ? 9 : 1000;
      // Whatever the pod waits for now, it has its image.
      for (const name of names) this.set(name, { waiting: { reason: "ContainerCreating" } });
    }
    yield component === "producer" ? 0.4 : plan.readers === "pod-late" ? 6 : 0.2;
    if (component === "consumer" && variation.late) yield* this.untilMounted();
    if (plan.node === "refused-before") yield* this.refusedOnce(component, names);
    for (const name of names) {
      this.world.clock.start(
        this.container(name, component),
        name === "control" && plan.readers === "control-slow" ? 6 : 0,
      );
      yield 0.1 + this.world.cost();
    }
  }

  private *refusedOnce(component: "producer" | "consumer", names: readonly Name[]): Task {
    yield 0.2;
    const message = notShared("shared", "/tmp/bridge");
    for (const name of names)
      if (name !== "control") this.set(name, { waiting: { reason: "CreateContainerError", message } });
    for (const name of names) if (name !== "control") this.event(component, name, "Failed", `Error: ${message}`);
    yield 0.4;
  }

  private *untilMounted(): Task {
    const { world } = this;
    for (let waited = 0; waited < 15 && world.truth.mounts.length === 0; waited += 0.1) yield 0.1;
    yield 0.3;
  }

  /** The lives of one container. */
  private *container(name: Name, component: "producer" | "consumer"): Task {
    const { world } = this;
    // The next attempt, however it ends: from now on the container's state tells of that one.
    if (world.plan.node === "refused-before" && name !== "control") world.healedAt = world.now;
    for (;;) {
      const refusal = this.refusal(name);
      if (refusal) {
        this.set(name, { waiting: { reason: "CreateContainerError", message: refusal } });
        this.event(component, name, "Failed", `Error: ${refusal}`);
        yield 1;
        continue;
      }
      const life = this.create(name);
      this.lives.set(name, life);
      const task = life.run();
      this.tasks.set(name, task);
      world.clock.start(task);
      this.set(name, { running: {} });
      // The kubelet looks for what has ended once in a while.
      while (life.exit === undefined) yield 0.5;
      const exitCode = life.exit;
      this.ended(name);
      const terminated =
        exitCode > 1000
          ? { reason: "OOMKilled", exitCode: 137 }
          : { reason: exitCode ? "Error" : "Completed", exitCode };
      this.set(name, { terminated });
      const ends = world.variation.fault === "die" || world.variation.fault === "oom";
      const again = component === "producer" ? ends : world.variation.readersRestart;
      if (!again || exitCode === 0) return;
      yield 0.4;
      this.restarts[name]++;
      this.statuses.set(name, { ...container(name, this.restarts[name]), lastState: { terminated } });
    }
  }

  /** Words of the runtime, where it does not make this container now. */
  private refusal(name: Name): string | undefined {
    const { world } = this;
    const { directory, named, propagation } = volumeOf(world, name);
    const from = world.tables.at(HOST, directory);
    if (world.plan.pods === "user-namespace" && world.plan.seed % 2) return IDMAP;
    // The kubelet begins with the control, which has the readers' own directory as its volume: what it says of that directory is
    // true of theirs, although their turn comes a moment later.
    const reads = READERS.some((role) => volumeOf(world, role).directory === directory);
    if (name !== "producer" && reads && from && isFuse(from.fs) && from.fs.type !== "fuse.mergerfs")
      world.truth.boundFuse = true;
    if (from?.fs.daemon === "dead") {
      return `failed to generate spec: failed to stat "${named}": stat ${named}: transport endpoint is not connected`;
    }
    if (propagation === "Bidirectional" && from?.shared === undefined) return notShared("shared", named);
    if (propagation === "HostToContainer" && from?.shared === undefined) return notShared("shared or slave", named);
    return undefined;
  }

  private create(name: Name): Producer | Reader {
    const { world } = this;
    const { directory, point, propagation } = volumeOf(world, name);
    const { node, pods } = world.plan;
    world.tables.root(name, plainFs("overlay", "overlay", 50), false);
    world.tables.bind(directory, name, point, propagation);
    const dropped = name === "producer" ? node === "drops-producer" : node === "drops-readers" && name !== "control";
    if (dropped || (pods === "sandboxed" && name !== "producer")) world.tables.makePrivate(name);
    world.truth.births[name].push(world.now);
    if (name === "producer") {
      world.source = new Map();
      return new Producer(world, this.restarts.producer);
    }
    return new Reader(world, name, this.restarts[name]);
  }

  private ended(name: Name): void {
    const { world } = this;
    world.clock.kill(this.tasks.get(name));
    if (name === "producer")
      for (const { fs } of world.truth.mounts) if (fs.daemon !== "dead") world.died(fs, "outside");
    world.tables.drop(name);
    world.sweepTruth();
  }

  /** What happens to running containers, beside what they do themselves. */
  private *accidents(): Task {
    const { plan, tables } = this.world;
    if (plan.daemon === "oom-late") {
      yield 20;
      return this.kill("producer");
    }
    yield 2 + plan.when;
    if (plan.daemon === "oom") this.kill("producer");
    if (plan.readers === "default-killed" || plan.readers === "both-killed") this.kill("default");
    if (plan.readers === "hardened-killed" || plan.readers === "both-killed") this.kill("hardened");
    if (plan.readers === "control-killed") this.kill("control");
    if (plan.readers === "default-stuck") this.world.clock.kill(this.tasks.get("default"));
    // What happens to a container before its first look cannot be told from what the runtime does; and who would be so quick?
    if (plan.readers.endsWith("-severed")) yield* this.untilStarted();
    if (plan.readers === "default-severed" || plan.readers === "both-severed") tables.makePrivate("default");
    if (plan.readers === "both-severed") tables.makePrivate("hardened");
  }

  private *untilStarted(): Task {
    const isStarted = (name: Name) => {
      const life = this.lives.get(name);
      return life instanceof Reader && life.started;
    };
    while (!(isStarted("default") && isStarted("hardened"))) yield 0.1;
  }

  private kill(name: Name): void {
    const life = this.lives.get(name);
    if (!life || life.exit !== undefined) return;
    this.world.clock.kill(this.tasks.get(name));
    life.exit = 1137;
  }

  private event(component: string, name: Name, reason: string, message: string): void {
    const [pod, container] = [`fuse-${component}`, CONTAINERS[name]];
    if (this.world.events.some((one) => one.message === message && one.container === container)) return;
    this.world.events.push({ at: this.world.now, pod, container, reason, message });
  }

  private set(name: Name, state: State): void {
    const { lastState, restartCount = 0 } = this.statuses.get(name) ?? {};
    this.statuses.set(name, { ...container(name, restartCount), state, ...(lastState ? { lastState } : {}) });
    this.tell(name === "producer" ? "producer" : "consumer");
  }

  private tell(component: "producer" | "consumer"): void {
    const names: readonly Name[] = component === "producer" ? ["producer"] : ROLES;
    const own = names.flatMap((name) => this.statuses.get(name) ?? []);
    const phase = own.some(({ state }) => state?.running)
      ? "Running"
      : own.length > 0 && own.every(({ state }) => state?.terminated)
        ? own.some(({ state }) => state?.terminated?.exitCode)
          ? "Failed"
          : "Succeeded"
        : "Pending";
    const words = this.words[component];
    const status = {
      phase,
      conditions: words ? [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: words }] : [],
      containerStatuses: this.placed[component] ? own : [],
    };
    const metadata = { name: `fuse-${component}`, labels: { "app.kubernetes.io/component": component } };
    const pod = { metadata, spec: specOf(this.world, component, this.placed[component]), status };
    this.world.podStates.push({ at: this.world.now, pod });
  }
}

/** Runs the history of a plan to its end. */
export function history(plan: Plan): World {
  const world = new World(plan);
  new Kubelet(world).run();
  return world;
}
