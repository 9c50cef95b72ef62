/** A container of the consumer: the control, or a reader, step by step as in probe/consumer.sh. */
import { isFuseType } from "../../base/fuse.ts";
import type { Errno } from "../../core/contract/fields.ts";
import type { FieldsOf, Result, Step } from "../../core/contract/records.ts";
import type { Task } from "./clock.ts";
import { type FileSystem, isFuse, type Mount, mountinfo, peers } from "./mounts.ts";
import {
  BRIDGE,
  type Log,
  type Look,
  MOUNT,
  markerOn,
  markerPath,
  type Role,
  RUN,
  TIMES,
  type World,
} from "./world.ts";

const MARKER = `${MOUNT}/marker`;
const WATCH = TIMES.markerWait + TIMES.hold + TIMES.stale + TIMES.recover + 2;

export class Reader {
  private readonly world: World;
  private readonly log: Log;
  private readonly role: Role;
  private state = "";
  private verdict = "";
  private waiting = "";
  private reported = "";
  private firstNonce: string | undefined;
  /** The line of the pod's volume. */
  private volume = "";
  /** Whether it was created when the mount was there. */
  private born = false;
  private held: FileSystem | undefined;
  private content = "";
  private errno: Errno | "" = "";
  private fstype = "";
  private device = "";
  private bridgeDevice = "";
  private lookedAt = 0;
  private seenAt = 0;
  private seenUntil = 0;
  private toldAt = 0;
  private there: Mount | undefined;
  /** Whether it has recorded how its volume is mounted. */
  started = false;
  exit: number | undefined;

  constructor(world: World, role: Role, life: number) {
    this.world = world;
    this.role = role;
    this.log = world.newLog("consumer", role, life);
  }

  *run(): Task {
    const { world, role } = this;
    const started = world.now;
    const before = world.findings.restarted.get(role);
    const born = before ?? started;
    const base = world.plan.scenario === "base" || world.plan.scenario === "no-crash";
    const root = role !== "hardened" || world.plan.pods === "hardened-is-root";
    this.record("identity", "info", {
      uid: root ? "0" : "65534",
      gid: root ? "0" : "65534",
      capabilities:
        role === "hardened" && !root
          ? "0000000000000000"
          : role === "hardened"
            ? "000001ffffffffff"
            : "00000000a80425fb",
      no_new_privs: "1",
      label: "unconfined",
      uid_map: world.plan.pods === "user-namespace" ? "0 100000 65536" : "0 0 4294967295",
    });
    yield world.cost();
    const volume =
      this.at(BRIDGE) === this.rootMount()
        ? (world.tables.exactlyAt(role, MOUNT)[0] ?? this.at(BRIDGE))
        : this.at(BRIDGE);
    const fuse = world.tables.exactlyAt(role, MOUNT).at(-1);
    this.volume = mountinfo(volume);
    this.born = fuse !== undefined && isFuse(fuse.fs);
    if (world.truth.mounts.some((own) => own.fs === fuse?.fs)) world.truth.startedWith.push(world.now);
    this.record("start", "info", {
      propagation: volume ? peers(volume) : "private",
      fuse_at_start: this.born ? "yes" : "no",
      life: before === undefined ? "1" : "2",
      mountinfo: this.volume,
    });
    this.started = true;
    const window = base ? TIMES.inspect : 18;
    while (world.now - born < window) {
      yield* this.look();
      if (role === "control") yield* this.reportControl();
      else {
        this.firstNonce ??= nonceOf(this.content) || "none";
        if (!this.verdict) this.decide(started);
        if (this.restartOnce(before, born)) return;
      }
      yield (world.now - born < WATCH ? 0.1 : 1) + world.cost();
    }
    this.record("finish", "info");
    this.exit = base && role !== "control" && this.verdict !== "success" ? 1 : 0;
  }

  private record<S extends Step>(step: S, result: Result, more: Partial<FieldsOf<S>> = {}) {
    this.world.record(this.log, step, result, more);
  }

  private at(path: string): Mount | undefined {
    return this.world.tables.at(this.role, path);
  }

  private rootMount(): Mount | undefined {
    return this.world.tables.at(this.role, "/");
  }

  private restartOnce(before: number | undefined, born: number): boolean {
    if (!this.world.variation.readersRestart || before !== undefined || this.verdict !== "success" || !this.errno)
      return false;
    this.world.findings.restarted.set(this.role, born);
    this.record("restart", "info", { errno: this.errno });
    this.exit = 1;
    return true;
  }

  /**
   * What a call that touches the mount meets: an errno's name, or nothing.
   *
   * @param before the mount that answered a moment before, when the call may have been made already
   */
  private *meets(before?: Mount): Generator<number, Errno | "", void> {
    // A request that is in flight when its daemon dies ends with this; every later one with ENOTCONN.
    if (before?.fs.daemon === "dead" && this.world.random() < 0.5) return "ECONNABORTED";
    const there = this.at(MARKER);
    if (!there) return "ENOENT";
    for (let waited = 0; there.fs.daemon === "hangs"; waited += 0.1) {
      if (waited >= TIMES.probe) return "ETIMEDOUT";
      yield 0.1;
      if ((there.fs.daemon as string) === "dead") return "ECONNABORTED";
    }
    if (there.fs.daemon === "dead") return "ENOTCONN";
    if (there.fs.onlyUser !== undefined) return "EACCES";
    return there.fs.files.has(markerOn(there)) ? "" : "ENOENT";
  }

  private answering(): Mount | undefined {
    const there = this.at(MARKER);
    return there?.fs.daemon === "answers" ? there : undefined;
  }

  private *look(): Task {
    const { world, role } = this;
    this.content = "";
    this.device = "";
    this.lookedAt = world.uptime;
    let answers = this.answering();
    yield world.cost() / 2;
    const asked = this.at(MARKER);
    this.errno = yield* this.meets(answers);
    if (!this.errno && asked) this.content = asked.fs.files.get(markerOn(asked)) ?? "";
    const reported: Look = {
      at: world.now,
      nonce: nonceOf(this.content) || undefined,
      fs: asked?.fs,
      propagated: asked?.propagated ?? false,
      errno: this.errno,
      failed: true,
    };
    world.truth.looks[role].push(reported);
    answers = this.answering();
    yield world.cost() / 2;
    this.there = this.at(MARKER);
    this.fstype = this.there?.fs.type ?? "";
    if (this.content) {
      const stat = yield* this.meets(answers);
      if (stat) {
        this.content = "";
        this.errno = stat;
      } else {
        this.device = String(this.there?.fs.device);
        reported.failed = false;
      }
    }
    this.bridgeDevice = String(this.at(BRIDGE)?.fs.device);
    const state = [this.errno, this.content, this.fstype, this.device].join("|");
    if (state === this.state) return this.stillSo();
    this.toldAt = world.now;
    this.state = state;
    this.seenAt = this.lookedAt;
    this.seenUntil = world.uptime;
    const place = {
      path: markerPath(world.plan),
      looked: this.lookedAt.toFixed(2),
      on_mount: this.there?.point === MOUNT ? "yes" : "no",
      fstype: this.fstype,
      propagation: this.there ? peers(this.there) : "private",
    };
    if (!this.errno)
      this.record("read", "ok", {
        ...place,
        device: this.device,
        bridge_device: this.bridgeDevice,
        nonce: nonceOf(this.content),
        marker_run: runOf(this.content),
        mountinfo: mountinfo(this.there),
      });
    else
      this.record("read", "error", {
        ...place,
        errno: this.errno,
        detail: this.errno,
        mountinfo: mountinfo(this.there),
        mounts: world.tables.exactlyAt(role, MOUNT).map(mountinfo).join("\n"),
      });
    if (this.held && this.errno !== "ETIMEDOUT") this.readHeld();
  }

  /** A reader that fails on and on says so now and then: that nothing changed, and that it looked. */
  private stillSo(): void {
    const { world, role } = this;
    if (role === "control" || !this.errno || !(this.verdict === "success" || world.findings.restarted.has(role)))
      return;
    if (world.now - this.toldAt < 1) return;
    this.toldAt = world.now;
    const looked = this.lookedAt.toFixed(2);
    this.record("look", "error", { errno: this.errno, looked, mountinfo: mountinfo(this.there) });
  }

  private readHeld(): void {
    const errno = this.held?.daemon === "dead" ? "ENOTCONN" : this.held?.daemon === "hangs" ? "ETIMEDOUT" : "";
    this.record("held", errno ? "error" : "ok", errno ? { errno, detail: errno } : {});
  }

  /** The log comes first: whoever is killed in between has recorded for no reader what is in no log. */
  private *reportControl(): Task {
    const nonce = nonceOf(this.content) || "none";
    // Born with the mount it may be, and its marker come only afterwards.
    if (this.firstNonce === "none" && this.born) this.firstNonce = undefined;
    const first = this.firstNonce ?? nonce;
    this.firstNonce = first;
    if (nonce !== this.reported) this.logControl(nonce, first);
    yield this.world.cost() / 2;
    this.world.findings.control = { looked: this.lookedAt, nonce, first };
  }

  private logControl(nonce: string, first: string): void {
    this.reported = nonce;
    const info = { mountinfo: this.volume };
    if (nonce === "none") this.record("control", "ok", info);
    else if (first === nonce) this.record("control", "info", { nonce, kind: "late", ...info });
    else this.record("control", "error", { nonce, kind: "seen", mountinfo: mountinfo(this.there) });
  }

  private decide(started: number): void {
    if (this.content) {
      const nonce = nonceOf(this.content);
      const control = this.askControl(nonce);
      if (!isFuseType(this.fstype)) this.doubt(`it is on ${this.fstype}, not on FUSE`, "hollow");
      else if (this.device === this.bridgeDevice) this.doubt("it is on the bridge's own device", "hollow");
      else if (runOf(this.content) !== RUN) this.doubt(`it is of run ${runOf(this.content)}`, "hollow");
      else if (this.born && nonce === this.firstNonce)
        this.doubt("this container was created after the mount", "reader-late");
      else if (control === "late") this.doubt("the negative control was created after the mount", "control-late");
      else if (control === "seen") this.doubt("the negative control sees it too", "hollow");
      else if (control === "silent") this.waiting = "the negative control has not answered yet";
      else {
        this.verdict = "success";
        this.world.truth.decidedAt[this.role] ??= this.world.now;
        this.record("verdict", "ok", {
          nonce,
          seen_uptime: this.seenAt.toFixed(2),
          seen_until: this.seenUntil.toFixed(2),
          control_uptime: (this.world.findings.control?.looked ?? 0).toFixed(2),
        });
        this.held = this.there?.fs;
        this.readHeld();
        return;
      }
    }
    if (this.world.now - started < TIMES.markerWait) return;
    this.verdict = "error";
    this.world.truth.gaveUpAt[this.role] ??= this.world.now;
    this.world.truth.decidedAt[this.role] ??= this.world.now;
    this.record("verdict", "error", { doubt: this.waiting });
  }

  private doubt(text: string, kind: FieldsOf<"doubt">["kind"]): void {
    if (this.waiting === text) return;
    this.waiting = text;
    this.record("doubt", "error", { kind, fstype: this.fstype, mountinfo: mountinfo(this.there) });
  }

  private askControl(nonce: string): "silent" | "unseen" | "seen" | "late" {
    const answer = this.world.findings.control;
    if (!answer || answer.looked <= this.seenUntil) return "silent";
    if (answer.nonce !== nonce) return "unseen";
    return answer.first === nonce ? "late" : "seen";
  }
}

const nonceOf = (content: string): string => /nonce=([0-9a-f-]*)/.exec(content)?.[1] ?? "";
const runOf = (content: string): string => /^run=(\S+) /.exec(content)?.[1] ?? "";
