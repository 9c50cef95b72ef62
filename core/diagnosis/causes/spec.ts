/** How the causes read the pods as they were really made, which may differ from what this project would make. */
import { mountInfo } from "../../../base/mounts.ts";
import { mountPointIn } from "../../contract/bridge.ts";
import { type DecidingRole, READERS } from "../../contract/readers.ts";
import type { ProbeRecord } from "../../contract/records.ts";
import type { BridgeFact, ContainerSpecFact, Evidence, PodFact } from "../../evidence/evidence.ts";
import type { Quote } from "./cause.ts";

/** A container that mounts the bridge, with the pod it is in. */
export interface Side {
  readonly pod: PodFact;
  readonly container: ContainerSpecFact;
  readonly bridge: BridgeFact;
}

const sides = (evidence: Evidence, matches: (pod: PodFact, container: ContainerSpecFact) => boolean): Side[] =>
  evidence.pods.flatMap((pod) =>
    (pod.spec?.containers ?? []).flatMap((container) =>
      container.bridge && matches(pod, container) ? [{ pod, container, bridge: container.bridge }] : [],
    ),
  );

export const producerSide = (evidence: Evidence): Side | undefined =>
  sides(evidence, ({ component }) => component === "producer")[0];

/** A reader's side. */
export interface ReaderSide extends Side {
  readonly role: DecidingRole;
}

/** The readers, in the order of READERS; the negative control is none of them. */
export const readerSides = (evidence: Evidence): ReaderSide[] =>
  READERS.flatMap((role) =>
    sides(evidence, (_, container) => container.role === role).map((side) => ({ ...side, role })),
  );

/** As the manifest has it, so that it can be found there. */
export function specQuote({ pod, container, bridge }: Side): Quote {
  const mount = [
    `name: ${bridge.volume}`,
    `mountPath: ${bridge.mountPath}`,
    ...(bridge.subPath ? [`subPath: ${bridge.subPath}`] : []),
    `mountPropagation: ${bridge.propagation}`,
  ];
  const source = bridge.kind === "hostPath" ? `hostPath: { path: ${bridge.path} }` : `${bridge.kind}`;
  return {
    source: `spec of container ${container.name} of ${pod.name}`,
    text: `volumeMounts: { ${mount.join(", ")} }; volume ${bridge.volume}: ${source}`,
  };
}

/**
 * Where on the node the directory lies that the FUSE file system is mounted on, through this container's volume. Undefined
 * where the volume is no directory of the node that the spec names.
 */
export function placeOf({ bridge }: Side): string | undefined {
  if (bridge.kind !== "hostPath" || bridge.path === undefined) return undefined;
  const point = mountPointIn(bridge.root);
  if (point !== bridge.mountPath && !point.startsWith(`${bridge.mountPath}/`)) return undefined;
  const parts = [canonical(bridge.path), bridge.subPath ?? "", point.slice(bridge.mountPath.length)];
  return joined(parts);
}

/** The same as the kernel has it: the device, and the directory of it that is mounted as the volume (proc_pid_mountinfo(5)). */
export function mountedPlace({ bridge }: Side, records: readonly ProbeRecord[]): string | undefined {
  const line = records
    .flatMap(({ mountinfo }) => (mountinfo === undefined ? [] : mountInfo(mountinfo)))
    .find(({ point }) => point === bridge.mountPath);
  const below = mountPointIn(bridge.root).slice(bridge.mountPath.length);
  return line && `${line.device} ${joined([line.root, below])}`;
}

/** One name for what every distribution links; what else is linked, only the node knows. */
export const canonical = (path: string): string =>
  path.replace(/\/var\/(run|lock)(?![\w.-])/g, (_, name: string) => (name === "run" ? "/run" : "/run/lock"));

function joined(parts: readonly string[]): string {
  return parts
    .flatMap((part) => part.split("/"))
    .filter((part) => part !== "" && part !== ".")
    .map((part) => `/${part}`)
    .join("");
}
