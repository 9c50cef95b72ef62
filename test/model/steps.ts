/** What the producer's script does with its mount: look, clear, mount, write a marker, give up, clean up (producer.sh, marker.sh). */
import type { Errno } from "../../core/contract/fields.ts";
import type { FieldsOf, Result, Step } from "../../core/contract/records.ts";
import type { Task } from "./clock.ts";
import { Daemon } from "./daemon.ts";
import { isFuse, type Mount, mountinfo, peers } from "./mounts.ts";
import { type Log, MOUNT, markerOn, markerPath, RUN, TIMES, type World } from "./world.ts";

export const SPACE = "producer";

/** The steps that its schedule is made of: see producer.ts. */
export class Steps {
  protected readonly world: World;
  protected readonly log: Log;
  /** The process that the script knows: undefined once it knows that it ended. */
  protected daemon: Daemon | undefined;
  /** The last daemon that was started, whether the script knows it or not. */
  protected served: Daemon | undefined;
  protected mounts = 0;
  /** Until when the last mount was not there. */
  private absent = "";
  /** The pod's volume: no mount of the daemon's, even if it is of FUSE and at the mount point. */
  private own: Mount | undefined;
  protected hung = false;
  /** Exit code of the container, once it has ended. */
  exit: number | undefined;

  constructor(world: World, life: number, generation: number) {
    this.world = world;
    this.log = world.newLog("producer", "producer", life, generation);
  }

  protected record<S extends Step>(step: S, result: Result, more: Partial<FieldsOf<S>> = {}) {
    this.world.record(this.log, step, result, more);
  }

  protected get tables() {
    return this.world.tables;
  }

  protected at(): Mount | undefined {
    return this.tables.at(SPACE, MOUNT);
  }

  protected fuseBelow(): Mount | undefined {
    return this.tables.exactlyAt(SPACE, MOUNT).findLast((one) => isFuse(one.fs) && one !== this.own);
  }

  /** The pod's volume, as it was mounted. */
  protected volume(): Mount | undefined {
    const point = this.world.variation.leaf ? MOUNT : "/bridge";
    return this.tables.exactlyAt(SPACE, point)[0] ?? this.tables.at(SPACE, "/bridge");
  }

  protected *preflight(): Task {
    const { plan } = this.world;
    const confined = plan.node === "lsm";
    const uid_map = plan.pods === "user-namespace" ? "0 100000 65536" : "0 0 4294967295";
    const label = confined ? "cri-containerd.apparmor.d (enforce)" : "unconfined";
    this.record("identity", "info", {
      uid: "0",
      gid: "0",
      capabilities: "000001ffffffffff",
      no_new_privs: "0",
      label,
      uid_map,
    });
    yield this.world.cost();
    const fuse = plan.node === "no-fuse" || plan.node === "module-loads" ? "no" : "yes";
    const device = plan.node === "no-fuse" ? "no" : plan.node === "device-denied" ? "EPERM" : "yes";
    const volume = this.volume();
    this.own = volume;
    const propagation = volume ? peers(volume) : "private";
    this.record("preflight", fuse === "yes" && device === "yes" ? "ok" : "error", {
      fuse,
      device,
      propagation,
      mountinfo: mountinfo(volume),
    });
    yield this.world.cost();
  }

  protected *clearStale(): Generator<number, boolean, void> {
    const volume = this.volume();
    for (;;) {
      const stale = this.tables.exactlyAt(SPACE, MOUNT).at(-1);
      if (!stale || stale === volume) return true;
      yield this.world.cost();
      const dead = stale.fs.daemon === "dead";
      const ours = dead || stale.fs.files.get("/marker")?.startsWith("run=");
      const more = { mountinfo: mountinfo(stale) };
      if (!isFuse(stale.fs) || !ours) {
        yield* this.giveUp("in-use", "UNKNOWN", "it lives, and carries no marker of this test", more);
        return false;
      }
      if (this.world.plan.node === "left-stuck") {
        yield* this.giveUp("stale", "EBUSY", "umount: can't unmount /bridge/fuse: Resource busy", more);
        return false;
      }
      this.tables.unmount(SPACE, MOUNT);
      this.record("stale", "ok", { state: dead ? "dead" : "ours", ...more });
    }
  }

  protected *mountFuse(): Generator<number, boolean, void> {
    const { plan, variation } = this.world;
    this.mounts++;
    const daemon = new Daemon(this.world, this.mounts === 1);
    this.daemon = daemon;
    this.served = daemon;
    this.absent = this.world.uptime.toFixed(2);
    this.record("daemon", "info", { driver: "rclone", pid: "12" });
    const refused = daemon.refusal();
    const slow = plan.daemon === "slow" ? 3 : plan.daemon === "too-slow" && this.mounts === 1 ? 8 : 0;
    const delay = 0.1 + (variation.delay ?? 0) + slow + this.world.cost();
    // A dead mount that could not be taken away looks as the new one to whoever only asks for the type.
    if (!this.fuseBelow()) {
      if (refused && refused.code === undefined) {
        yield* this.world.sleep(TIMES.mount);
        yield* this.giveUp("mount", "UNKNOWN", "");
        return false;
      }
      yield delay;
      if (refused) {
        this.daemon = undefined;
        yield* this.giveUp("mount", refused.errno, refused.words, { exit_code: refused.code ?? "1" });
        return false;
      }
      if (delay > TIMES.mount) {
        yield* this.giveUp("mount", "UNKNOWN", "");
        return false;
      }
    }
    if (this.fuseBelow()) {
      yield this.world.cost();
    } else {
      this.absent = this.world.uptime.toFixed(2);
      daemon.mount();
      yield this.world.cost();
    }
    if (plan.daemon === "leaves") {
      this.daemon = undefined;
      yield* this.giveUp("mount", "UNKNOWN", "", { mountinfo: mountinfo(this.at()) });
      return false;
    }
    const mounted = this.at();
    this.record("mount", "ok", {
      fstype: mounted?.fs.type ?? "",
      propagation: mounted ? peers(mounted) : "private",
      mount: String(this.mounts),
      absent_until: this.absent,
      mountinfo: mountinfo(mounted),
    });
    yield this.world.cost();
    return true;
  }

  /** What it meets who uses the mount as root: an errno's name, or nothing. */
  protected *meets(): Generator<number, Errno | "", void> {
    const before = this.at();
    const answered = before?.fs.daemon === "answers";
    yield this.world.cost();
    // Only a request that was in flight when the daemon died ends with ECONNABORTED.
    if (answered && before.fs.daemon === "dead" && this.world.random() < 0.5) return "ECONNABORTED";
    const there = this.at();
    if (there?.fs.daemon === "dead") return "ENOTCONN";
    for (let waited = 0; there?.fs.daemon === "hangs"; waited += 0.1) {
      if (waited >= TIMES.probe) return "ETIMEDOUT";
      yield 0.1;
      if ((there.fs.daemon as string) === "dead") return "ECONNABORTED";
    }
    return "";
  }

  protected *writeMarker(): Task {
    const { plan, truth } = this.world;
    // A file of the daemon's own is there with the mount.
    const absent = plan.markerFile ? this.absent : this.world.uptime.toFixed(2);
    const fault =
      this.mounts === 1
        ? /^marker-(\w+)$/.exec(plan.daemon)?.[1]
        : plan.daemon === "second-marker-fails" && this.mounts === 2
          ? "EIO"
          : undefined;
    const slow = plan.daemon === "second-marker-slow" && this.mounts === 2;
    let errno: Errno | "" = (fault as Errno | undefined) ?? (yield* this.meets());
    const there = this.at();
    if (slow && !errno) {
      // It was written all the same, only later than anybody waited.
      yield TIMES.probe;
      errno = "ETIMEDOUT";
    }
    if (!errno && there && plan.markerFile && !there.fs.files.has("/marker")) {
      // Somebody else's mount lies over the daemon's: its file is waited for in vain.
      yield TIMES.mount;
      errno = "ENOENT";
    }
    if (!errno && there) {
      const nonce = plan.markerFile ? (there.fs.files.get("/marker")?.split("nonce=")[1] ?? "") : this.world.nonce();
      if (!plan.markerFile) there.fs.files.set(markerOn(there), `run=${RUN} nonce=${nonce}`);
      const own = truth.mounts.find((one) => one.fs === there.fs);
      if (own) Object.assign(own, { nonce, markedAt: this.world.now });
      yield this.world.cost();
      errno = yield* this.meets();
      if (!errno) {
        this.record("marker", "ok", {
          path: markerPath(plan),
          nonce,
          absent_until: absent,
          mount: String(this.mounts),
          device: String(there.fs.device),
          bridge_device: String(this.tables.at(SPACE, "/bridge")?.fs.device),
        });
        return;
      }
    }
    const detail = errno === "ETIMEDOUT" ? `no answer within ${TIMES.probe} s: sh` : `cannot write: ${errno}`;
    this.record("marker", "error", { path: markerPath(plan), ...(errno ? { errno } : {}), detail });
  }

  protected died(): void {
    this.record("daemon", "error", { detail: "", exit_code: String(this.daemon?.ended ?? 1) });
    this.daemon = undefined;
  }

  protected *letGo(): Task {
    this.hung = false;
    const works = this.world.random() > 0.3;
    yield this.world.cost();
    const fs = this.served?.fs;
    if (fs && works) fs.daemon = "dead";
    this.record(
      "abort",
      works ? "ok" : "error",
      works ? { connection: "60" } : { connection: "60", errno: "EPERM", detail: "mount: permission denied" },
    );
    yield this.world.cost();
    if (fs && this.world.plan.daemon !== "unkillable") fs.daemon = "dead";
    this.daemon = undefined;
  }

  protected stop(): void {
    const fs = this.served?.fs;
    if (fs && this.daemon) fs.daemon = "dead";
    this.daemon = undefined;
  }

  protected *giveUp<S extends "mount" | "in-use" | "stale">(
    step: S,
    errno: Errno,
    detail: string,
    more: Partial<FieldsOf<S>> = {},
  ): Task {
    yield this.world.cost();
    this.record(step, "error", { errno, detail, ...more });
    this.stop();
    yield* this.world.sleep(TIMES.inspect);
    yield* this.finish();
  }

  protected *finish(): Task {
    this.record("finish", "info");
    if (this.hung) yield* this.letGo();
    while (this.fuseBelow() && this.world.plan.node !== "left-stuck") {
      this.tables.unmount(SPACE, MOUNT);
      this.world.sweepTruth();
    }
    this.stop();
    this.record("unmount", this.fuseBelow() ? "error" : "ok");
    this.exit = 0;
  }
}
