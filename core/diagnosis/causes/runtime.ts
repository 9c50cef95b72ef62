/** The node's root, the container runtime or the pod's isolation stand in the way, before or after the start. */
import type { RecordOf } from "../../contract/records.ts";
import type { Evidence, PodFact } from "../../evidence/evidence.ts";
import { sharedRoot } from "../remedies/sharedRoot.ts";
import type { Cause, Quote } from "./cause.ts";
import {
  bothStarted,
  eventQuotes,
  hasUserNamespace,
  kubeletQuotes,
  mountedDirectory,
  mountFailures,
  mountPointOf,
  mounts,
  notRead,
  of,
  recordQuote,
  some,
} from "./read.ts";
import { producerSide, readerSides, type Side, specQuote } from "./spec.ts";
import { mountPoint, saysInOneLine, saysOf } from "./words.ts";

export const nodeRootPrivate: Cause = {
  id: "node-root-private",
  outcome: "failure",
  symptom:
    '`CreateContainerError`: `path "..." is mounted on "/" but it is not a shared mount` (or `... shared or slave mount`).',
  explanation: "The node's root mount is private, so the container runtime refuses every mount propagation.",
  fix: "Run `mount --make-rshared /` as root on the node, and test again; to keep it, run it at boot before the kubelet or k3s starts (a systemd unit).",
  remedy: (_, node) => sharedRoot("/", node),
  // The kubelet's and the runtime's words: kubernetes/kubernetes#61058, juicedata/juicefs-csi-driver#647.
  find: (evidence) => some(kubeletQuotes(evidence, (text) => privateMount(text) === "/")),
};

export const bridgeMountPrivate: Cause = {
  id: "bridge-mount-private",
  outcome: "failure",
  symptom:
    '`CreateContainerError`: `path "..." is mounted on "/mnt/media" but it is not a shared mount`: another mount than `/`.',
  explanation:
    "The bridge lies on a mount of its own, and that mount is private: the container runtime refuses every propagation of it.",
  fix: "Run `mount --make-rshared` on the node for the mount that the words name, after it is mounted at boot; or choose a bridge on a shared one.",
  remedy: (evidence, node) => {
    const mount = kubeletQuotes(evidence, isOwnMount).flatMap(({ text }) => privateMount(text) ?? [])[0];
    return mount === undefined ? undefined : sharedRoot(mount, node);
  },
  find: (evidence) => some(kubeletQuotes(evidence, isOwnMount)),
};

/** A mount of its own holds the bridge. */
const isOwnMount = (text: string): boolean => (privateMount(text) ?? "/") !== "/";

/** The mount that is not shared, as containerd, CRI-O and Docker name it (the last without quotes). */
const privateMount = (text: string): string | undefined =>
  / is mounted on \\*"?(\/[^"\\]*?)\\*"? but it is not a shared( or slave)? mount/.exec(text)?.[1];

export const userNamespace: Cause = {
  id: "user-namespace",
  outcome: "inconclusive",
  symptom: "A pod with `hostUsers: false` does not start (`failed to set MOUNT_ATTR_IDMAP`), or may not mount.",
  explanation: "A pod runs in a user namespace of its own, in which the bridge cannot be mounted, or FUSE not used.",
  fix: "Set hostUsers: true, or leave it out, in both pods.",
  find: inUserNamespace,
};

export const sandboxedRuntime: Cause = {
  id: "sandboxed-runtime",
  outcome: "failure",
  symptom: "A pod with a `runtimeClassName` (gVisor, Kata) does not start, or sees an empty directory.",
  explanation:
    "A pod asks for a runtime class that the node does not have, or for a sandbox, whose kernel is not the node's: mounts do not cross into it.",
  fix: "Leave runtimeClassName out of both pods, so that they run with runc.",
  find: sandboxed,
};

export const runtimeDropsPropagation: Cause = {
  id: "runtime-drops-propagation",
  outcome: "failure",
  symptom:
    "All pods run; the spec asks for propagation, but in `/proc/self/mountinfo` the bridge is private, or it is in one peer group in the producer (`shared:57`) and in another in the readers (`master:1`).",
  explanation:
    "The container runtime did not do what the spec asks: it mounted the bridge without propagation to and from the node.",
  fix: "Leave a runtimeClassName out of the pod; without one, change or upgrade the runtime (crun 1.16: containers/crun#1514, 2026: containers/crun#2122).",
  // A sandbox or a user namespace would explain it, and is proven only when the readers give up.
  find: (evidence) => (!isIsolated(evidence) || notRead(evidence) ? drops(evidence) : undefined),
};

/** In a sandbox, or a user namespace of its own. */
export const isIsolated = ({ pods }: Evidence): boolean =>
  pods.some(({ spec }) => spec?.hostUsers === false || isSandbox(spec));

/** Whether the runtime alone has kept the mount from the readers: that is so even if the daemon ends afterwards. */
export const runtimeDrops = (evidence: Evidence): boolean => !isIsolated(evidence) && drops(evidence) !== undefined;

function drops(evidence: Evidence): readonly Quote[] | undefined {
  if (!bothStarted(evidence)) return undefined;
  const producer = producerSide(evidence);
  const preflights =
    producer?.bridge.propagation === "Bidirectional" ? atBridge(producer, of(evidence, "producer", "preflight")) : [];
  const readers = readerSides(evidence)
    .filter(({ bridge }) => bridge.propagation !== "None")
    .map((side) => ({ side, starts: atBridge(side, of(evidence, side.role, "start")) }));
  const apart = notRead(evidence)
    ? readers.flatMap(({ starts }) => starts.filter((start) => isApart(start, preflights)))
    : [];
  return some([
    ...(producer ? proven(producer, apart.length > 0 ? preflights : preflights.filter(isUnshared)) : []),
    ...readers.flatMap(({ side, starts }) => proven(side, starts.filter(isPrivate))),
    ...apart.map(recordQuote),
  ]);
}

/** A container's first look at its bridge. */
type Look = RecordOf<"preflight" | "start">;

/** Those that have found the bridge's own line in the mount table. */
const atBridge = ({ bridge }: Side, looks: readonly Look[]): readonly Look[] =>
  looks.filter(({ mountinfo }) => mountPointOf(mountinfo) === bridge.mountPath);

const isPrivate = ({ propagation }: Look): boolean => propagation === "private";

/** Private, or a slave only: what is mounted in it stays there. */
const isUnshared = (look: Look): boolean => look.propagation !== undefined && groupsOf(look, "shared").length === 0;

/**
 * A reader's bridge is the producer's directory, and in a peer group that nothing comes to from there. A runtime that binds the bridge
 * privately, and then shares the whole root of the container, which the spec asks for as well, makes such a group (the OCI runtime
 * specification on `rootfsPropagation`: a new peer group, not shared with the host).
 */
function isApart(reader: Look, producer: readonly Look[]): boolean {
  const theirs = producer
    .filter(({ mountinfo }) => mountedDirectory(mountinfo) === mountedDirectory(reader.mountinfo))
    .flatMap((look) => groupsOf(look, "shared"));
  const own = [...groupsOf(reader, "shared"), ...groupsOf(reader, "master")];
  return theirs.length > 0 && own.length > 0 && !own.some((group) => theirs.includes(group));
}

/** The numbers of its peer groups, as the mount table has them: `shared:57 master:1`. */
const groupsOf = ({ propagation = "" }: Look, kind: "shared" | "master"): readonly string[] =>
  propagation.split(" ").flatMap((field) => (field.startsWith(`${kind}:`) ? [field.slice(kind.length + 1)] : []));

const proven = (side: Side, looks: readonly Look[]): Quote[] =>
  looks.length > 0 ? [...classQuote(side.pod), specQuote(side), ...looks.map(recordQuote)] : [];

export const hostReadOnly: Cause = {
  id: "host-read-only",
  outcome: "inconclusive",
  symptom: "`FailedMount` or an error of the runtime: `mkdir ...: read-only file system` (Talos, image-based systems).",
  explanation: "The bridge directory cannot be made: it lies on a read-only file system of the node.",
  fix: "Set `bridge` to a directory on a writable file system of the node, such as one below /var or /tmp.",
  find: (evidence) =>
    some([
      ...kubeletQuotes(evidence, saysInOneLine(/mkdir.*read-only file system/i)),
      ...mountFailures(evidence)
        // A marker that cannot be written is the daemon's file system's refusal, not the node's; so is its own cache.
        .filter(
          ({ step, detail }) => step === "mount" && saysOf([mountPoint(evidence)], /read-only file system/i)(detail),
        )
        .map(recordQuote),
    ]),
};

/** Which of the node's runtimes the pod asks for; none where it takes the default. */
function classQuote({ name, spec }: PodFact): Quote[] {
  const named = spec?.runtimeClassName;
  return named === undefined ? [] : [{ source: `spec of ${name}`, text: `runtimeClassName: ${named}` }];
}

const ID_MAPS = /MOUNT_ATTR_IDMAP|idmap|user ?namespace|hostUsers/i;

/** runc's words where a part of the node's own /proc is covered: the kernel then gives no user namespace another (mount_too_revealing). */
const NO_PROC = /mounting "(proc|sysfs)" to rootfs.*operation not permitted/i;

function inUserNamespace(evidence: Evidence): readonly Quote[] | undefined {
  const own = evidence.pods.filter(({ spec }) => spec?.hostUsers === false);
  if (own.length === 0) return undefined;
  const words = kubeletQuotes(evidence, (text) => ID_MAPS.test(text) || NO_PROC.test(text));
  const mapped = evidence.records
    .filter(hasUserNamespace)
    .map((record) => ({ source: recordQuote(record).source, text: `/proc/self/uid_map: ${record.uid_map}` }));
  // After a marker that failed the schedule goes on, to the next mount.
  const failed = notRead(evidence) || mountFailures(evidence).some(({ step }) => step === "mount");
  const proof = [...words, ...(failed ? mapped : [])];
  if (proof.length === 0) return undefined;
  return some([...own.map(({ name }) => ({ source: `spec of ${name}`, text: "hostUsers: false" })), ...proof]);
}

/** The words of containerd, CRI-O and dockershim for a class whose handler is not configured. */
const NO_HANDLER =
  /no runtime for "[^"]*" is configured|failed to find runtime handler|RuntimeHandler "[^"]*" not supported/i;
/** The network of a pod is made with its sandbox, whatever the runtime. */
const isSandboxFailure = (text: string): boolean =>
  /failed to (create|start) (pod )?sandbox/i.test(text) && !/plugin type=|\bcni\b|network/i.test(text);

const SANDBOXES = /gvisor|runsc|kata|firecracker|qemu|clh|kuasar/i;
const isSandbox = (spec: PodFact["spec"]): boolean => SANDBOXES.test(spec?.runtimeClassName ?? "");

function sandboxed(evidence: Evidence): readonly Quote[] | undefined {
  const classes = evidence.pods.flatMap(classQuote);
  if (classes.length === 0) return undefined;
  // A class may as well stand for runc with other options: only a sandbox's name speaks for it, or that there is no such.
  const named = evidence.pods.some(({ spec }) => isSandbox(spec));
  const words = eventQuotes(evidence, (text) => NO_HANDLER.test(text) || (named && isSandboxFailure(text)));
  if (words.length > 0) return some([...classes, ...words]);
  const started = of(evidence, "default", "start").map(recordQuote);
  return named && started.length > 0 && mounts(evidence).length > 0 && notRead(evidence)
    ? some([...classes, ...started])
    : undefined;
}
