/** The producer: one life of its container, which follows the schedule of probe/producer.sh and probe/faults.sh. */
import type { ReplacementWay } from "../../core/contract/replacement.ts";
import type { Task } from "./clock.ts";
import { type FileSystem, mountinfo } from "./mounts.ts";
import { SPACE, Steps } from "./steps.ts";
import { type Line, MOUNT, TIMES, type World } from "./world.ts";

/** What the pod before this one has recorded, and how that one was deleted. */
export interface Story {
  readonly way: ReplacementWay;
  readonly lines: readonly Line[];
}

/** An exit code by which the kubelet knows the kernel's: see kubelet.ts. */
const OUT_OF_MEMORY = 1137;

export class Producer extends Steps {
  private readonly story: Story | undefined;

  /** @param generation which of the pods that had this name in turn it is in */
  constructor(world: World, life: number, generation = 0, story?: Story) {
    super(world, life, generation);
    this.story = story;
  }

  get lines(): readonly Line[] {
    return this.log.lines;
  }

  /** As after SIGTERM. */
  *terminate(): Task {
    yield this.world.cost();
    yield* this.finish();
  }

  *run(): Task {
    if (this.story) return yield* this.standIn(this.story);
    const { variation, plan } = this.world;
    yield* this.preflight();
    if (this.world.ranOut !== undefined) yield* this.tellDeath(this.world.ranOut);
    if (!(yield* this.clearStale())) return;
    if (plan.node === "read-only")
      return yield* this.giveUp(
        "mount",
        "EROFS",
        "mkdir: can't create directory '/bridge/fuse': Read-only file system",
      );
    if (this.log.life > 0) {
      this.mounts = 1;
      this.record("settle", "info");
    } else {
      this.record("settle", "info");
      yield* this.world.sleep(TIMES.settle);
      if (variation.unmountAtStart) this.unmountAtStart();
      if (!(yield* this.mountFuse())) return;
      yield* this.writeMarker();
      if (variation.fault !== "none") {
        yield* this.world.sleep(TIMES.hold + (variation.late ? 4 : (variation.delay ?? 0)));
        const became = yield* this.crash();
        if (became === "ended") return;
        if (became === "lives") return yield* this.afterwards(true);
        yield* this.world.sleep(TIMES.stale + (variation.fault === "hang" ? TIMES.probe : 0));
        if (this.hung) yield* this.letGo();
        yield* this.clean();
      }
    }
    if (variation.fault !== "none") {
      if (!(yield* this.mountFuse())) return;
      yield* this.writeMarker();
      yield* this.world.sleep(TIMES.recover);
      yield* this.unmountInOrder();
    }
    yield* this.afterwards();
  }

  /** Says again all that was said before, and goes on where the other pod ended. */
  private *standIn({ way, lines }: Story): Task {
    const { now } = this.world;
    this.log.lines.push(...lines.map(({ text }) => ({ at: now, text })));
    this.mounts = lines.filter(({ text }) => text.includes('"step":"mount","result":"ok"')).length;
    yield* this.preflight();
    const found = this.tables.exactlyAt(SPACE, MOUNT);
    const mounts = String(found.length);
    this.record("replaced", "info", { way, replaces: "u", mounts, mountinfo: found.map(mountinfo).join("\n") });
    yield this.world.cost();
    if (!(yield* this.clearStale()) || !(yield* this.mountFuse())) return;
    yield* this.writeMarker();
    this.record("inspect", "info");
    yield* this.keep(TIMES.inspect);
    yield* this.finish();
  }

  private unmountAtStart(): void {
    if (this.tables.unmount(SPACE, MOUNT)) {
      this.world.truth.volumeUnmounted = true;
      this.record("unmount-at-start", "ok");
    } else
      this.record("unmount-at-start", "error", {
        errno: "EINVAL",
        detail: `umount: can't unmount ${MOUNT}: Invalid argument`,
      });
  }

  /** What became of the daemon: `crashed`, as the schedule means it; `lives` on; `ended` with its container. */
  private *crash(): Generator<number, "crashed" | "lives" | "ended", void> {
    const { variation, plan } = this.world;
    yield this.world.cost();
    if (this.daemon?.ended !== undefined) {
      this.died();
      return "crashed";
    }
    const fs = this.served?.fs;
    const { fault } = variation;
    if (fault === "oom") return yield* this.runOut(fs);
    // What was re-parented is in no family of the script's; it is found by the FUSE device that it holds.
    const reached = plan.daemon !== "unkillable" && fs !== undefined;
    const at = this.world.uptime.toFixed(2);
    if (plan.daemon === "reparented") yield 0.6;
    const more = { ...(fault === "none" ? {} : { fault }), at, mountinfo: mountinfo(this.at()) };
    this.hung = fault === "hang";
    if (this.served && reached && fault !== "hang") this.served.killed = true;
    if (reached && (fault !== "hang" || fs.daemon === "answers"))
      this.world.died(fs, fault === "hang" ? "hang" : "schedule");
    const errno = this.fuseBelow() ? yield* this.meets() : "GONE";
    yield this.world.cost();
    const dead = fault === "hang" ? errno === "ETIMEDOUT" : ["ENOTCONN", "ECONNABORTED", "GONE"].includes(errno);
    if (!dead) {
      this.record("crash", "error", { ...more, detail: "the mount still answers" });
      return "lives";
    }
    this.daemon = fault === "hang" ? this.daemon : undefined;
    this.record("crash", "ok", { ...more, ...(errno ? { errno } : {}) });
    if (fault !== "die") return "crashed";
    this.exit = 137;
    return "ended";
  }

  /** The kernel ends everything in the container, whatever its daemon is. */
  private *runOut(fs: FileSystem | undefined): Generator<number, "ended", void> {
    this.record("died", "info");
    yield this.world.cost();
    this.world.ranOut = this.world.uptime.toFixed(2);
    yield this.world.cost();
    if (this.served) this.served.killed = true;
    if (fs) this.world.died(fs, "schedule");
    this.exit = OUT_OF_MEMORY;
    return "ended";
  }

  /** The next life tells of the death of the one before. */
  private *tellDeath(at: string): Task {
    const more = { fault: "oom" as const, at, mountinfo: mountinfo(this.at()) };
    const errno = this.fuseBelow() ? yield* this.meets() : "GONE";
    if (errno === "ENOTCONN" || errno === "GONE") this.record("crash", "ok", { ...more, errno });
    else this.record("crash", "error", { ...more, detail: "the mount still answers" });
  }

  private *clean(): Task {
    yield this.world.cost();
    if (this.world.plan.daemon === "clean-fails") {
      this.record("clean", "error", {
        errno: "EPERM",
        detail: "umount: can't unmount /bridge/fuse: Operation not permitted",
      });
      return;
    }
    while (this.fuseBelow() && this.tables.unmount(SPACE, MOUNT));
    this.world.sweepTruth();
    this.world.truth.cleanedAt = this.world.now;
    yield this.world.cost();
    this.record("clean", "ok");
  }

  private *unmountInOrder(): Task {
    yield this.world.cost();
    if (this.fuseBelow()) {
      this.tables.unmount(SPACE, MOUNT);
      this.world.sweepTruth();
      this.record("unmount-in-order", "ok");
    } else this.record("unmount-in-order", "error");
    this.stop();
  }

  private *afterwards(lives = false): Task {
    const { plan, variation } = this.world;
    const base = plan.scenario === "base" || plan.scenario === "no-crash";
    if (variation.fault !== "none" && base && !lives) {
      if (!(yield* this.mountFuse())) return;
      yield* this.writeMarker();
    }
    if (base) this.record("inspect", "info");
    if (base || variation.fault === "none")
      yield* this.keep(base ? TIMES.inspect : TIMES.hold + TIMES.stale + TIMES.recover);
    yield* this.finish();
  }

  private *keep(seconds: number): Task {
    for (const end = this.world.now + seconds; this.world.now < end; ) {
      yield 0.5;
      if (this.daemon?.ended !== undefined) this.died();
    }
  }
}
