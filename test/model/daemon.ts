/** A FUSE daemon: whether it mounts, what it serves, and what becomes of it beside the producer's schedule. */
import type { Errno } from "../../core/contract/fields.ts";
import type { Task } from "./clock.ts";
import { type FileSystem, HOST, type MountTables } from "./mounts.ts";
import { MOUNT, RUN, type World } from "./world.ts";

const SPACE = "producer";
/** The md5sum of a file of the daemon's own. */
const OWN_FILE = "5d41402abc4b2a76b9719d911017c592";

export class Daemon {
  private readonly world: World;
  /** Whether it is the container's first. */
  private readonly first: boolean;
  private readonly tables: MountTables;
  fs: FileSystem | undefined;
  /** Its exit code, once it has ended by itself or from outside. */
  ended: number | undefined;
  /** Whether the schedule has killed it, and whatever starts it again. */
  killed = false;

  constructor(world: World, first: boolean) {
    this.world = world;
    this.first = first;
    this.tables = world.tables;
  }

  /** Why the daemon cannot mount, in its own words; an empty one mounts nothing and says nothing. */
  refusal(): { readonly errno: Errno; readonly words: string; readonly code?: string } | undefined {
    const { first } = this;
    const { plan } = this.world;
    const says = (errno: Errno, words: string, code = "1") => ({ errno, words, code });
    if (plan.successor === "cannot-mount" && this.world.truth.replacements.length > 0)
      return says("UNKNOWN", "Fatal error: the remote has locked this account");
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

  mount(): void {
    const { plan, source, truth, now } = this.world;
    const others = plan.daemon === "one-user" ? "" : ",allow_other";
    // What the producer cannot read there, nobody can.
    const holds = !(plan.daemon.startsWith("marker-") && this.first);
    if (plan.markerFile && holds) source.set("/marker", `run=${RUN} nonce=${OWN_FILE}`);
    const fs: FileSystem = {
      type: "fuse.rclone",
      source: "/tmp/source",
      device: this.tables.freeDevice(),
      options: `rw,user_id=0,group_id=0${others}`,
      daemon: "answers",
      files: source,
      ...(plan.daemon === "one-user" ? { onlyUser: -1 } : {}),
    };
    this.fs = fs;
    this.tables.mount(SPACE, MOUNT, fs);
    truth.mounts.push({ fs, at: now });
    this.world.clock.start(this.fate(fs));
  }

  /** What becomes of the daemon, beside the schedule. */
  private *fate(fs: FileSystem): Task {
    const { first } = this;
    const { plan } = this.world;
    if (plan.node === "stacked" && first) {
      yield 0.3;
      this.tables.mount(HOST, this.tables.mounts.find((one) => one.space === HOST && one.fs === fs)?.point ?? "/none", {
        ...fs,
        type: "tmpfs",
        source: "tmpfs",
        device: 55,
        options: "rw",
        daemon: "answers",
        files: new Map(),
      });
    }
    if (plan.daemon === "hangs-at-once" && first) this.world.died(fs, "hang");
    yield 0.2 + plan.when / 4;
    if (fs.daemon === "dead") return;
    if (plan.daemon === "hangs-later" && first) this.world.died(fs, "hang");
    if ((plan.daemon === "dies" || plan.daemon === "killed") && first) {
      this.world.died(fs, plan.daemon === "dies" ? "itself" : "outside");
      this.ended = plan.daemon === "dies" ? 1 : 137;
    }
    if (plan.daemon === "comes-and-goes" && first) {
      // A supervisor within the command: the process that the script knows lives.
      this.world.died(fs, "itself");
      yield 0.5;
      if (this.killed || this.ended !== undefined) return;
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
      this.fs = again;
    }
  }
}
