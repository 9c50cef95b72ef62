/** On what a verdict stands: the node as its kubelet describes it, and as a container of the test saw it. */
import type { RecordOf } from "../contract/records.ts";
import type { Evidence, SystemFact } from "../evidence/evidence.ts";
import { of } from "./causes/index.ts";
import type { NodeWords } from "./remedies/remedy.ts";

const UNKNOWN = "unknown";

/** Each is `unknown` where nobody could say it: the user may not read nodes, or no container of the test ran. */
export interface Platform {
  /** The release of the kernel. */
  readonly kernel: string;
  readonly architecture: string;
  readonly osImage: string;
  /** The kubelet's version. */
  readonly kubelet: string;
  /** Where it keeps its pods, as a path of the file system that this is on. */
  readonly kubeletRoot: string;
  readonly runtime: string;
  readonly runtimeVersion: string;
  readonly cgroups: "v1" | "v2" | typeof UNKNOWN;
  /** The security modules that are on; `none`. */
  readonly security: string;
  /** What they call the producer's container (or the control's, where there is no producer); `none`. */
  readonly label: string;
  /** The kernel's file systems that speak FUSE, and the parameters of its module. */
  readonly fuse: readonly string[];
}

/** What was mounted: a verdict is about nothing else. Each is `unknown` where nobody could say it. */
export interface TestedDaemon {
  /** The driver of the probe, as the settings name it. */
  readonly driver: string;
  readonly image: string;
}

export function testedDaemon(evidence: Evidence): TestedDaemon {
  const producer = evidence.pods.flatMap(({ spec }) => spec?.containers ?? []).find(({ role }) => role === "producer");
  return { driver: known(of(evidence, "producer", "daemon")[0]?.driver), image: known(producer?.image) };
}

export function platformOf(evidence: Evidence): Platform {
  const system = systemOf(evidence);
  const seen = firstOf(evidence, "platform");
  const identity = firstOf(evidence, "identity");
  const [runtime = "", runtimeVersion] = system?.runtime.split("://") ?? [];
  return {
    kernel: known(system?.kernel, seen?.kernel),
    architecture: known(system?.architecture, seen?.machine),
    osImage: known(system?.osImage),
    kubelet: known(system?.kubelet),
    kubeletRoot: known(seen?.kubelet_root),
    runtime: known(runtime),
    runtimeVersion: known(runtimeVersion),
    cgroups: VERSIONS[seen?.cgroups ?? ""] ?? UNKNOWN,
    security: known(seen?.security),
    label: known(identity?.label?.trim()),
    fuse: seen?.fuse_features?.split(" ").filter(Boolean) ?? [],
  };
}

/** What a node says of itself, for whoever chooses a fix by it. */
export function nodeWords(evidence: Evidence): NodeWords {
  const system = systemOf(evidence);
  const seen = firstOf(evidence, "platform");
  return {
    osImage: system?.osImage ?? "",
    kernel: system?.kernel ?? seen?.kernel ?? "",
    kubelet: system?.kubelet ?? "",
    providerId: system?.providerId ?? "",
    labels: system?.labels ?? [],
    kubeletRoot: seen?.kubelet_root ?? "",
  };
}

/** What the node's object says, if it could be read. */
const systemOf = ({ nodeFact }: Evidence): SystemFact | undefined =>
  nodeFact === "unreadable" ? undefined : nodeFact?.system;

/** The producer's own; the control's where there is none, as it starts where all others are refused. */
const firstOf = <S extends "platform" | "identity">(evidence: Evidence, step: S): RecordOf<S> | undefined =>
  [...of(evidence, "producer", step), ...of(evidence, "control", step)][0] as RecordOf<S> | undefined;

const known = (...found: readonly (string | undefined)[]): string => found.find(Boolean) ?? UNKNOWN;

/** By the type of what is mounted at /sys/fs/cgroup (cgroups(7)), in the words of mountinfo or of stat; as version 1 both hierarchies count, if there are two. */
const VERSIONS: Readonly<Record<string, "v1" | "v2">> = { cgroup2: "v2", cgroup2fs: "v2", tmpfs: "v1" };

/** In one line for people, without what is not known. */
export const daemonLine = ({ driver, image }: TestedDaemon): string =>
  [driver, image].filter((word) => word !== UNKNOWN).join(", of the image ") || UNKNOWN;

/** In one line for people, without what is not known. */
export function platformLine(platform: Platform): string {
  const { osImage, kernel, architecture, kubelet, runtime, runtimeVersion, cgroups, security, kubeletRoot } = platform;
  const parts = [
    osImage,
    named("Linux", kernel, architecture === UNKNOWN ? "" : architecture),
    named("kubelet", kubelet),
    named(runtime, runtimeVersion),
    named("control groups", cgroups),
    security === "none" ? "no security module" : security,
    kubeletRoot === USUAL_ROOT ? UNKNOWN : named("kubelet root", kubeletRoot),
  ].filter((part) => part !== UNKNOWN);
  return parts.length > 0 ? parts.join(", ") : "unknown: nodes may not be read, and no container of the test ran";
}

/** Where the kubelet keeps its pods by default. */
const USUAL_ROOT = "/var/lib/kubelet";

const named = (name: string, value: string, more = ""): string =>
  value === UNKNOWN ? UNKNOWN : [name, value, more].filter(Boolean).join(" ");
