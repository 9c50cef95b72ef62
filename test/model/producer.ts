/** The producer, step by step as in probe/producer.sh, faults.sh and marker.sh. */
import type { Task } from "./clock.ts";
import { type FileSystem, isFuse, type Mount, mountinfo, peers } from "./mounts.ts";
import { type Log, MOUNT, RUN, TIMES, type World } from "./world.ts";

const SPACE = "producer";
const OWN_FILE = "5d41402abc4b2a76b9719d911017c592";

/** What lives in the producer's container: one life of it. */
export class Producer {
  private readonly world: World;
  private readonly log: Log;
  private fs: FileSystem | undefined;
  /** The process that the script knows: undefined once it knows that it ended. */
  private daemon: { ended?: number } | undefined;
  private mounts = 0;
  private hung = false;
  private killed = false;
  /** Exit code of the container, once it has ended. */
  exit: number | undefined;

  constructor(world: World, life: number) {
    this.world = world;
    this.log = world.newLog("producer", "producer", life);
  }

  *run(): Task {
    const { variation, plan } = this.world;
    yield* this.preflight();
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

  private record(step: string, result: "ok" | "error" | "info", more: Readonly<Record<string, string>> = {}) {
    this.world.record(this.log, step, result, more);
  }

  private get tables() {
    return this.world.tables;
  }

  private at(): Mount | undefined {
    return this.tables.at(SPACE, MOUNT);
  }

  private fuseBelow(): Mount | undefined {
    return this.tables.exactlyAt(SPACE, MOUNT).findLast(({ fs }) => isFuse(fs));
  }

  /** The pod's volume, as it was mounted. */
  private volume(): Mount | undefined {
    const point = this.world.variation.leaf ? MOUNT : "/bridge";
    return this.tables.exactlyAt(SPACE, point)[0] ?? this.tables.at(SPACE, "/bridge");
  }

  private *preflight(): Task {
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
    const propagation = volume ? peers(volume) : "private";
    this.record("preflight", fuse === "yes" && device === "yes" ? "ok" : "error", {
      fuse,
      device,
      propagation,
      mountinfo: mountinfo(volume),
    });
    yield this.world.cost();
  }

  private *clearStale(): Generator<number, boolean, void> {
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

  /** Why the daemon cannot mount, in its own words; an empty one mounts nothing and says nothing. */
  private refusal(): { readonly errno: string; readonly words: string; readonly code?: string } | undefined {
    const { plan } = this.world;
    const first = this.mounts === 1;
    const says = (errno: string, words: string, code = "1") => ({ errno, words, code });
    if (plan.node === "no-fuse") return says("ENODEV", "fuse: device not found, try 'modprobe fuse' first");
    if (plan.node === "device-denied")
      return says("EPERM", "fusermount: failed to open /dev/fuse: Operation not permitted");
    if (plan.node === "no-fusermount") return says("UNKNOWN", 'exec: "fusermount": executable file not found in $PATH');
    if (plan.node === "mount-limit") return says("ENOSPC", "fusermount: mount failed: No space left on device");
    if (plan.node === "lsm") return says("EACCES", "fusermount: mount failed: Permission denied");
    if (plan.daemon === "never" && first) return says("UNKNOWN", "Fatal error: the remote does not answer");
    if (plan.daemon === "backend-words" && first)
      return says("ENOTCONN", "Fatal error: dial tcp: Transport endpoint is not connected");
    if (plan.daemon === "not-back" && !first) return says("UNKNOWN", "Fatal error: cannot lock the cache directory");
    if (plan.daemon === "silent" && first) return { errno: "UNKNOWN", words: "" };
    if (plan.daemon === "killed" && first && plan.when > 8) return says("UNKNOWN", "Killed", "137");
    return undefined;
  }

  private *mountFuse(): Generator<number, boolean, void> {
    const { plan, variation, truth } = this.world;
    this.mounts++;
    this.daemon = {};
    this.record("daemon", "info", { driver: "rclone", pid: "12" });
    const refused = this.refusal();
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
      const options = plan.daemon === "one-user" ? "rw,user_id=0,group_id=0" : "rw,user_id=0,group_id=0,allow_other";
      // What the producer cannot read there, nobody can.
      const holds = !(plan.daemon.startsWith("marker-") && this.mounts === 1);
      if (plan.markerFile && holds) this.world.source.set("/marker", `run=${RUN} nonce=${OWN_FILE}`);
      const fs: FileSystem = {
        type: "fuse.rclone",
        source: "/tmp/source",
        device: this.tables.freeDevice(),
        options,
        daemon: "answers",
        files: this.world.source,
        ...(plan.daemon === "one-user" ? { onlyUser: -1 } : {}),
      };
      this.fs = fs;
      this.tables.mount(SPACE, MOUNT, fs);
      truth.mounts.push({ fs, at: this.world.now });
      this.world.clock.start(this.fate(fs));
      yield this.world.cost();
    }
    if (plan.daemon === "leaves") {
      this.daemon = undefined;
      yield* this.giveUp("mount", "UNKNOWN", "");
      return false;
    }
    const mounted = this.at();
    this.record("mount", "ok", {
      fstype: mounted?.fs.type ?? "",
      propagation: mounted ? peers(mounted) : "private",
      mount: String(this.mounts),
      mountinfo: mountinfo(mounted),
    });
    yield this.world.cost();
    return true;
  }

  /** What becomes of the daemon, beside the schedule. */
  private *fate(fs: FileSystem): Task {
    const { plan } = this.world;
    const first = this.mounts === 1;
    if (plan.node === "stacked" && first) {
      yield 0.3;
      this.tables.mount(
        "host",
        this.world.tables.mounts.find((one) => one.space === "host" && one.fs === fs)?.point ?? "/none",
        {
          ...fs,
          type: "tmpfs",
          source: "tmpfs",
          device: 55,
          options: "rw",
          daemon: "answers",
          files: new Map(),
        },
      );
    }
    if (plan.daemon === "hangs-at-once" && first) this.world.died(fs, "hang");
    yield 0.2 + plan.when / 4;
    if (fs.daemon === "dead") return;
    if (plan.daemon === "hangs-later" && first) this.world.died(fs, "hang");
    if ((plan.daemon === "dies" || plan.daemon === "killed") && first) {
      this.world.died(fs, plan.daemon === "dies" ? "itself" : "outside");
      if (this.daemon) this.daemon.ended = plan.daemon === "dies" ? 1 : 137;
    }
    if (plan.daemon === "comes-and-goes" && first) {
      // A supervisor within the command: the process that the script knows lives.
      this.world.died(fs, "itself");
      const supervisor = this.daemon;
      yield 0.5;
      if (!supervisor || this.daemon !== supervisor || this.killed) return;
      if (this.tables.exactlyAt(SPACE, MOUNT).at(-1)?.fs !== fs) return;
      this.tables.unmount(SPACE, MOUNT);
      this.world.sweepTruth();
      const again: FileSystem = { ...fs, daemon: "answers", device: this.tables.freeDevice() };
      this.tables.mount(SPACE, MOUNT, again);
      const marker = fs.files.get("/marker");
      const nonce = marker?.split("nonce=")[1];
      this.world.truth.mounts.push({
        fs: again,
        at: this.world.now,
        ...(nonce ? { nonce, markedAt: this.world.now } : {}),
      });
      if (this.fs === fs) this.fs = again;
    }
  }

  /** What it meets who uses the mount as root: an errno's name, or nothing. */
  private *meets(): Generator<number, string, void> {
    yield this.world.cost();
    const there = this.at();
    if (there?.fs.daemon === "dead") return "ENOTCONN";
    for (let waited = 0; there?.fs.daemon === "hangs"; waited += 0.1) {
      if (waited >= TIMES.probe) return "ETIMEDOUT";
      yield 0.1;
      if ((there.fs.daemon as string) === "dead") return "ENOTCONN";
    }
    return "";
  }

  private *writeMarker(): Task {
    const { plan, truth } = this.world;
    const fault =
      this.mounts === 1
        ? /^marker-(\w+)$/.exec(plan.daemon)?.[1]
        : plan.daemon === "second-marker-fails" && this.mounts === 2
          ? "EIO"
          : undefined;
    const slow = plan.daemon === "second-marker-slow" && this.mounts === 2;
    let errno = fault ?? (yield* this.meets());
    const there = this.at();
    if (slow && !errno) {
      // It was written all the same, only later than anybody waited.
      yield TIMES.probe;
      errno = "ETIMEDOUT";
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
          path: `${MOUNT}/marker`,
          nonce,
          mount: String(this.mounts),
          device: String(there.fs.device),
          bridge_device: String(this.tables.at(SPACE, "/bridge")?.fs.device),
        });
        return;
      }
    }
    const detail = errno === "ETIMEDOUT" ? `no answer within ${TIMES.probe} s: sh` : `cannot write: ${errno}`;
    this.record("marker", "error", { path: `${MOUNT}/marker`, errno, detail });
  }

  /** What became of the daemon: `crashed`, as the schedule means it; `lives` on; `ended` with its container. */
  private *crash(): Generator<number, "crashed" | "lives" | "ended", void> {
    const { variation, plan } = this.world;
    yield this.world.cost();
    if (this.daemon?.ended !== undefined) {
      this.died();
      return "crashed";
    }
    const fs = this.fs;
    const { fault } = variation;
    // Whom the daemon's supervisor has started is in no family of the script's, where it was re-parented.
    const reached = plan.daemon !== "reparented" && fs !== undefined;
    const at = this.world.now.toFixed(2);
    const more = { fault, at, mountinfo: mountinfo(this.at()) };
    this.hung = fault === "hang";
    this.killed = reached && fault !== "hang";
    if (reached && (fault !== "hang" || fs.daemon === "answers"))
      this.world.died(fs, fault === "hang" ? "hang" : "schedule");
    const errno = this.fuseBelow() ? yield* this.meets() : "GONE";
    yield this.world.cost();
    if (errno !== "GONE" && errno !== (fault === "hang" ? "ETIMEDOUT" : "ENOTCONN")) {
      this.record("crash", "error", { ...more, detail: "the mount still answers" });
      return "lives";
    }
    this.daemon = fault === "hang" ? this.daemon : undefined;
    this.record("crash", "ok", { ...more, errno });
    if (fault !== "die") return "crashed";
    this.exit = 137;
    return "ended";
  }

  private died(): void {
    this.record("daemon", "error", { detail: "", exit_code: String(this.daemon?.ended ?? 1) });
    this.daemon = undefined;
  }

  private *letGo(): Task {
    this.hung = false;
    const works = this.world.random() > 0.3;
    yield this.world.cost();
    if (this.fs && works) this.fs.daemon = "dead";
    this.record(
      "abort",
      works ? "ok" : "error",
      works ? { connection: "60" } : { connection: "60", errno: "EPERM", detail: "mount: permission denied" },
    );
    yield this.world.cost();
    if (this.fs && this.world.plan.daemon !== "reparented") this.fs.daemon = "dead";
    this.daemon = undefined;
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
    if (this.fuseBelow()) this.tables.unmount(SPACE, MOUNT);
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

  private stop(): void {
    if (this.fs && this.daemon) this.fs.daemon = "dead";
    this.daemon = undefined;
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

  private *giveUp(step: string, errno: string, detail: string, more: Readonly<Record<string, string>> = {}): Task {
    yield this.world.cost();
    this.record(step, "error", { errno, detail, ...more });
    this.stop();
    yield* this.world.sleep(TIMES.inspect);
    yield* this.finish();
  }

  private *finish(): Task {
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

/** Where the marker lies on the file system that is mounted there. */
export const markerOn = ({ root, point }: Mount): string => {
  const rest = point === "/" ? `${MOUNT}/marker` : `${MOUNT}/marker`.slice(point.length);
  return root === "/" ? rest : root + rest;
};
