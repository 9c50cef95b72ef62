/** What was read of pods that run, as plain data. Nothing here judges. */
import type { CoreV1Event, V1Pod } from "@kubernetes/client-node";
import type { NodeFact } from "../evidence/evidence.ts";
import type { MountLine } from "./mountTable.ts";

/** What a question to a path was answered with. */
export interface Answer {
  /** Undefined where it was answered; the error's name; ETIMEDOUT where nothing came before the deadline. */
  readonly errno?: string;
  /** The words of the tool that asked. */
  readonly words: string;
}

/** What a container says of its own mounts. Whoever made its image can have it say anything. */
export interface LiveView {
  readonly table: readonly MountLine[];
  /** Said where the table was too long to be read to its end. */
  readonly cut?: string;
  /** The user who asked. */
  readonly uid?: string;
  /** By path. */
  readonly answers: ReadonlyMap<string, Answer>;
}

export interface LivePod {
  readonly pod: V1Pod;
  readonly namespace: string;
  readonly name: string;
  readonly node: string | undefined;
  /** Who made it: `Deployment media/sonarr`; itself where nobody did. */
  readonly owner: { readonly kind: string; readonly name: string; readonly object: string };
}

/** Why a container's mounts could not be read, and what to do about it. */
export interface Unread {
  readonly words: string;
  readonly remedy: string;
}

/** By pod and container: see keyOf. */
export type Looks = ReadonlyMap<string, LiveView | Unread>;

export interface Facts {
  readonly pods: readonly LivePod[];
  readonly events: readonly CoreV1Event[];
  readonly nodes: ReadonlyMap<string, NodeFact | "unreadable">;
  readonly looks: Looks;
  /** The last lines of each container's log, by pod and container. */
  readonly logs: ReadonlyMap<string, readonly string[]>;
}

export const keyOf = ({ namespace, name }: LivePod, container: string): string => `${namespace}/${name}/${container}`;

export const isRead = (look: LiveView | Unread | undefined): look is LiveView => look !== undefined && "table" in look;
