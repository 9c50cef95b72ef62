/** A statement about pods that run, and what shows it. */
import type { Quote } from "../diagnosis/causes/cause.ts";
import { saysDead } from "../diagnosis/causes/read.ts";
import type { Finding } from "../layout/finding.ts";
import type { PairEnd } from "../layout/pairs.ts";
import { isRead, type LivePod, type LiveView } from "./facts.ts";
import { type LinkSide, related } from "./links.ts";
import { fuseBelow, type MountLine, mountedAt } from "./mountTable.ts";

export interface Proof {
  /** Of a cause, or of a finding in manifests; `unknown` where the mount is missing and nothing here explains it. */
  readonly id: string;
  /** proof: what the kernel, the kubelet or the API server says leaves no other explanation; inference: it fits. */
  readonly basis: "proof" | "inference";
  readonly end: PairEnd;
  readonly pod: LivePod;
  readonly message: string;
  readonly evidence: readonly Quote[];
}

export interface LiveFinding extends Omit<Finding, "id"> {
  readonly id: string;
  /** proof: by what the kernel, the kubelet or the API server says of what runs; inference: by the spec, which may yet work. */
  readonly basis: "proof" | "inference";
  readonly evidence: readonly Quote[];
}

export const proof = (
  id: string,
  { end, pod }: LinkSide,
  message: string,
  evidence: readonly (Quote | undefined)[],
  basis: Proof["basis"] = "proof",
): Proof => ({ id, basis, end, pod, message, evidence: evidence.filter((one) => one !== undefined) });

const whose = ({ pod, end }: LinkSide): string => `${end.container.name} of ${pod.name}`;

export const lineQuote = (side: LinkSide, { line }: MountLine): Quote => ({
  source: `/proc/self/mountinfo in ${whose(side)}`,
  text: line,
});

/** How the container asks for the volume, as the pod's spec has it. */
export function livePodQuote(side: LinkSide): Quote {
  const { volume, path, subPath, propagation, source } = side.end.mount;
  const mount = [
    `name: ${volume}`,
    `mountPath: ${path}`,
    ...(subPath ? [`subPath: ${subPath}`] : []),
    `mountPropagation: ${propagation}`,
  ];
  const what = { hostPath: "path", claim: "name" } as const;
  const of = source.kind === "hostPath" || source.kind === "claim" ? ` ${Reflect.get(source, what[source.kind])}` : "";
  return {
    source: `spec of ${whose(side)}`,
    text: `volumeMounts: { ${mount.join(", ")} }; volume ${volume}: ${source.kind}${of}`,
  };
}

export const answerQuote = (side: LinkSide, path: string): Quote | undefined => {
  const answer = answerOf(side, path);
  return answer && { source: `stat ${path} in ${whose(side)}`, text: answer.words };
};

export const lookOf = ({ look }: LinkSide): LiveView | undefined => (isRead(look) ? look : undefined);

export const answerOf = (side: LinkSide, path: string) => lookOf(side)?.answers.get(path);
export const errnoOf = (side: LinkSide, path: string): string | undefined => answerOf(side, path)?.errno;

/** Nobody is behind the mount any more: ENOTCONN, and ECONNABORTED to whoever asked in that very moment. */
export const isDead = (side: LinkSide, path: string): boolean => saysDead({ errno: errnoOf(side, path) });

/** The kubelet's bind mount of the volume; undefined where it is not there any more. */
export const volumeLine = (side: LinkSide): MountLine | undefined =>
  mountedAt(lookOf(side)?.table ?? [], side.end.mount.path)[0];

/** The FUSE mounts in the volume, each point once: what is on top, with how many lie below it. */
export function fuseOf(
  side: LinkSide,
  path?: string,
): { readonly top: MountLine; readonly all: readonly MountLine[] }[] {
  const found = fuseBelow(lookOf(side)?.table ?? [], side.end.mount.path);
  const byPoint = Map.groupBy(found, ({ point }) => point);
  return [...byPoint.values()]
    .map((all) => ({ top: all.at(-1) as MountLine, all }))
    .filter(({ top }) => path === undefined || related(top.point, path));
}
