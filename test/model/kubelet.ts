/** Scheduler, kubelet and runtime: they make the containers of both pods, refuse them, start them again, and tell of it. */
import type { V1Pod } from "@kubernetes/client-node";
import type { ReplacementWay } from "../../core/contract/replacement.ts";
import { prepareNode } from "./before.ts";
import type { Task } from "./clock.ts";
import { HOST, isFuse } from "./mounts.ts";
import type { Plan } from "./plan.ts";
import { type Name, restartPolicyOf, specOf, volumeOf } from "./pods.ts";
import { Producer, type Story } from "./producer.ts";
import { Reader } from "./reader.ts";
import { replacer } from "./replacer.ts";
import { IDMAP, NO_ROOM, notShared, PSA, QUOTA, TAINTED, UNPRIVILEGED } from "./words.ts";
import { CONTAINERS, END, plainFs, ROLES, START, World } from "./world.ts";

type Status = NonNullable<NonNullable<V1Pod["status"]>["containerStatuses"]>[number];
type State = NonNullable<Status["state"]>;

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
  /** Which of the pods that had the producer's name in turn there is now. */
  private generation = 0;
  private producerLoop: Task | undefined;

  constructor(world: World) {
    this.world = world;
  }

  run(): void {
    const { world } = this;
    const { plan } = world;
    prepareNode(world);
    if (plan.pods === "pod-security") {
      world.refusals.push({ at: START, words: PSA }, { at: START, words: PSA.replace("producer", "consumer") });
      return;
    }
    if (plan.pods === "not-privileged") world.refusals.push({ at: START, words: UNPRIVILEGED });
    else if (plan.pods === "quota") world.refusals.push({ at: START, words: QUOTA });
    else world.clock.start(this.pod("producer"));
    world.clock.start(this.pod("consumer"));
    world.clock.start(this.accidents());
    world.clock.start(replacer(world, (way) => this.replace(way)));
    world.clock.run(END);
    world.sweepTruth();
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
      const loop = this.container(name, component);
      if (name === "producer") this.producerLoop = loop;
      this.world.clock.start(loop, name === "control" && plan.readers === "control-slow" ? 6 : 0);
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

  /** The producer's pod is deleted, and made again as soon as its name is free: see cluster/replacePod.ts. */
  private *replace(way: ReplacementWay): Task {
    const { world } = this;
    const old = this.lives.get("producer");
    if (!(old instanceof Producer) || old.exit !== undefined) return;
    world.truth.replacements.push({ way, at: world.now });
    for (const task of [this.tasks.get("producer"), this.producerLoop]) world.clock.kill(task);
    const patience = way === "forced" ? (world.plan.successor === "left-dead" ? 0 : 2) : 5;
    const end = old.terminate();
    this.tasks.set("producer", end);
    if (patience > 0) world.clock.start(end);
    for (let waited = 0; old.exit === undefined && waited < patience; waited += 0.1) yield 0.1;
    this.ended("producer");
    this.set("producer", { terminated: { reason: "Completed", exitCode: 0 } });
    yield 0.1 + world.cost();
    this.generation++;
    this.restarts.producer = 0;
    this.statuses.delete("producer");
    this.set("producer", { waiting: { reason: "ContainerCreating" } });
    yield 0.3 + world.cost();
    this.producerLoop = this.container("producer", "producer", { way, lines: old.lines });
    world.clock.start(this.producerLoop);
  }

  /** The lives of one container. */
  private *container(name: Name, component: "producer" | "consumer", story?: Story): Task {
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
      const life = this.create(name, story);
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
      if (restartPolicyOf(world, component) === "Never" || exitCode === 0) return;
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

  private create(name: Name, story: Story | undefined): Producer | Reader {
    const { world } = this;
    const { directory, point, propagation } = volumeOf(world, name);
    const { node, pods } = world.plan;
    world.tables.root(name, plainFs("overlay", "overlay", 50), false);
    world.tables.bind(directory, name, point, propagation);
    const dropped =
      name === "producer" ? /^drops-.*producer$/.test(node) : node === "drops-readers" && name !== "control";
    if (dropped || (pods === "sandboxed" && name !== "producer")) world.tables.makePrivate(name);
    // As the spec asks of the container's root.
    if (name === "producer" && node === "drops-and-shares-producer") world.tables.makeShared(name);
    world.truth.births[name].push(world.now);
    if (name === "producer") {
      world.source = new Map();
      return new Producer(world, this.restarts.producer, this.generation, story);
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
    // What is started again has not ended.
    const failed = restartPolicyOf(this.world, component) === "Never" ? "Failed" : "Running";
    const phase = own.some(({ state }) => state?.running)
      ? "Running"
      : own.length > 0 && own.every(({ state }) => state?.terminated)
        ? own.some(({ state }) => state?.terminated?.exitCode)
          ? failed
          : "Succeeded"
        : "Pending";
    const words = this.words[component];
    const status = {
      phase,
      conditions: words ? [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: words }] : [],
      containerStatuses: this.placed[component] ? own : [],
    };
    const uid = String(component === "producer" ? this.generation : 0);
    const metadata = { name: `fuse-${component}`, uid, labels: { "app.kubernetes.io/component": component } };
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
