import { hostBridges, splitBridge } from "../contract/bridge.ts";
import type { Settings } from "../settings/settings.ts";

/** What the rules let through: everything else of a stack, a file or a namespace is refused. */
export interface Allowed {
  /** Nodes the pods may run on, by metadata.name. */
  readonly nodes: readonly string[];
  readonly namespace: string;
  /** The one directory of a node that pods may mount. */
  readonly bridge: string;
  /**
   * The probe's files by name. Where given, the config map that the privileged container runs must hold exactly these.
   * @default any
   */
  readonly scripts?: Readonly<Record<string, string>>;
  /**
   * The shell command that the privileged container may run as its daemon, word for word: the setting `command`.
   * @default none
   */
  readonly command?: string;
  /**
   * The checkout that commands must be run from.
   * @default commands are refused
   */
  readonly root?: string;
  /**
   * Whether the short-lived pods of cluster/sweepNode.ts pass; they are in no stack and no bundle.
   * @default false
   */
  readonly sweep?: boolean;
  /**
   * The admission policies that core/admission/index.ts makes of this: the only objects of the whole cluster that pass, word for word.
   * @default none
   */
  readonly policies?: readonly {
    readonly kind: string;
    readonly metadata: { readonly name: string };
    readonly spec: object;
  }[];
  /**
   * Whether the documents of a GitOps tree pass: lists, kustomizations of Flux and of kustomize.
   * @default false
   */
  readonly files?: boolean;
  /**
   * The GitRepositories, by name, that Flux Kustomizations may take their objects from: the repository whose tree is judged.
   * @default `flux-system`, as `flux bootstrap` names it
   */
  readonly sources?: readonly string[];
}

/** What a test with these settings needs, and no more. */
export function allowedBy({
  nodes,
  namespace,
  bridge,
  command,
}: Readonly<Pick<Settings, "namespace" | "bridge" | "command">> & { readonly nodes: readonly string[] }): Allowed {
  return { nodes, namespace, bridge, ...(command === "" ? {} : { command }) };
}

/** The directories of a node that pods may mount. */
export const bridgesOf = ({ bridge }: Allowed): readonly string[] => hostBridges(bridge);

/** The directory the bridge lies in: the sweep's checking pod removes the bridge from there. */
export const bridgeParentOf = ({ bridge }: Allowed): string => splitBridge(bridge).parent;
