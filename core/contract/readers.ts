/**
 * The containers of the consumer pod, each with the role that its records carry (ROLE in its environment). To add a reader is to
 * add an entry here: manifests, causes, the timeline, the permission matrix and the report read this table.
 */
import type { Unlisted } from "./unlisted.ts";

/** The first user that a distribution gives to a person, as most images have it. */
export const PLAIN_UID = 1000;
/** The user and group of no one, on every distribution. */
export const NOBODY_UID = 65534;

interface Reader {
  /** The container's name, which people type. */
  readonly container: string;
  /** Whether its verdict decides: a success needs one of each such reader. Any other one only tries the permission matrix. */
  readonly decides: boolean;
  /** Its name in the permission matrix of the JSON document, and the heading of its column for people. */
  readonly matrix: string;
  readonly heading: string;
  /** The user that it runs as. */
  readonly uid: number;
  /** What its securityContext asks for beyond that of every unprivileged container. */
  readonly restrictions: object;
}

/** In the order in which the kubelet starts them. */
export const READER_CONTAINERS = {
  default: {
    container: "fuse-consumer",
    decides: true,
    matrix: "root",
    heading: "root",
    uid: 0,
    restrictions: {},
  },
  hardened: {
    container: "fuse-consumer-hardened",
    decides: true,
    matrix: "hardened",
    heading: "hardened",
    uid: NOBODY_UID,
    restrictions: {
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: NOBODY_UID,
      runAsGroup: NOBODY_UID,
      capabilities: { drop: ["ALL"] },
    },
  },
  user: {
    container: "fuse-consumer-user",
    decides: false,
    matrix: "user",
    heading: `uid ${PLAIN_UID}`,
    uid: PLAIN_UID,
    restrictions: { runAsNonRoot: true, runAsUser: PLAIN_UID, runAsGroup: PLAIN_UID },
  },
} as const satisfies Readonly<Record<string, Reader>>;

type Containers = typeof READER_CONTAINERS;
export type ReaderRole = keyof Containers;
/** A reader without whose verdict there is no success. */
export type DecidingRole = {
  [Role in ReaderRole]: Containers[Role]["decides"] extends true ? Role : never;
}[ReaderRole];
/** A reader as the permission matrix names it. */
export type MatrixReader = Containers[ReaderRole]["matrix"];

export const READER_ROLES = Object.keys(READER_CONTAINERS) as ReaderRole[];

export const isDeciding = (role: ReaderRole): role is DecidingRole => READER_CONTAINERS[role].decides;

/** The readers whose verdicts decide. */
export const READERS: readonly DecidingRole[] = READER_ROLES.filter(isDeciding);

/** The columns of the permission matrix, the mightiest user first. */
export const MATRIX_READERS: readonly (Reader & { readonly matrix: MatrixReader; readonly role: ReaderRole })[] =
  READER_ROLES.map((role) => ({ ...READER_CONTAINERS[role], role })).sort((a, b) => a.uid - b.uid);

/** The negative control: a container as the readers' are, whose volume has propagation None. */
export const CONTROL = { role: "control", container: "fuse-control" } as const;

export const ROLES = ["producer", "turn", CONTROL.role, ...READER_ROLES] as const;
/** Who writes a record: the producer, an init container that waits for its pair's turn, the control, or a reader. */
export type Role = (typeof ROLES)[number];
export type AnyRole = Role | Unlisted;

/** A role as a pod's environment names it. */
export const roleNamed = (name: string): AnyRole => name as AnyRole;

/** The pods of a pair, as their label app.kubernetes.io/component names them. */
export const COMPONENTS = ["producer", "consumer"] as const;
export type Component = (typeof COMPONENTS)[number];
export type AnyComponent = Component | Unlisted;

/** A component as a pod's label names it. */
export const componentNamed = (name: string): AnyComponent => name as AnyComponent;
