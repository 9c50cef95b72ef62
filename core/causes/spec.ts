/** How the causes read the pods as they were really made, which may differ from what this project would make. */
import type { BridgeFact, ContainerSpecFact, Evidence, PodFact } from "../evidence.ts";
import type { Quote } from "./cause.ts";
import { READERS } from "./read.ts";

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

/** The readers, in the order of READERS; the negative control is none of them. */
export const readerSides = (evidence: Evidence): (Side & { readonly role: string })[] =>
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
  const point = `${bridge.root}/fuse`;
  if (point !== bridge.mountPath && !point.startsWith(`${bridge.mountPath}/`)) return undefined;
  const parts = [bridge.path, bridge.subPath ?? "", point.slice(bridge.mountPath.length)];
  return parts
    .flatMap((part) => part.split("/"))
    .filter((part) => part !== "" && part !== ".")
    .map((part) => `/${part}`)
    .join("");
}
