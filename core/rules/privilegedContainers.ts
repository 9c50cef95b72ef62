/**
 * The privileged containers, as closed lists: what core/manifests gives them, and no more. `PATH`, `LD_PRELOAD` or a volume over
 * `/bin` would make them run something else than the project's own scripts. Two readers: privilegeFault.ts judges the containers
 * of an object, trustedContainers.ts says the same in CEL. The patterns are written so that JavaScript and RE2 read them alike.
 */
import { BRIDGE_PATH, BRIDGE_VOLUME_PATHS } from "../contract/bridge.ts";
import { type Content, givenTo, type Program } from "../contract/environment.ts";
import { literal } from "../contract/literal.ts";
import { PRODUCER } from "../contract/names.ts";
import { POD_PATH } from "../contract/replacement.ts";
import { SIDECAR, STORE_PATH } from "../contract/samePod.ts";
import type { Allowed } from "./allowed.ts";

/** What an environment variable may hold: what a pattern matches (and another does not), or one text. */
export type Value = { readonly matches: string; readonly butNot?: string } | { readonly equals: string };

export const SCRIPT: unique symbol = Symbol("the script's text");

export interface PrivilegedContainer {
  readonly role: "producer" | "same-pod" | "sweep-unmount";
  /** Among which containers of the pod it stands; in initContainers it is a native sidecar, with `restartPolicy: Always`. */
  readonly list: "containers" | "initContainers";
  readonly name: string;
  readonly command: readonly (string | typeof SCRIPT)[];
  /**
   * The text of its script, where it is a word of the command.
   * @default any
   */
  readonly script?: string | undefined;
  /** The variables its script knows. */
  readonly environment: Readonly<Record<string, Value>>;
  /** Where it may have a volume, and of which kinds. */
  readonly mounts: Readonly<Record<string, readonly string[]>>;
  /** Where it may have one with propagation Bidirectional, and of which kinds. */
  readonly bothWays: Readonly<Record<string, readonly string[]>>;
  /** Whether its script comes from the probe's config map. */
  readonly probe: boolean;
}

export const PROBE_DIRECTORY = "/probe";

/**
 * A path below the mount point: core/settings/validators.ts, markerFileFault. JavaScript's `\s` holds U+FEFF, which is in none of
 * the classes that RE2 knows.
 */
const PATH: Value = {
  matches: "^[^/\\s\\p{Cc}\\p{Z}\uFEFF\\\\$]+(/[^/\\s\\p{Cc}\\p{Z}\uFEFF\\\\$]+)*$",
  butNot: "(^|/)[.][.]?(/|$)",
};

/** What a variable may hold, by its content in core/contract/environment.ts; a command is the setting `command`, word for word. */
const VALUES: Readonly<Record<Content, Value | undefined>> = {
  word: { matches: "^[A-Za-z0-9][A-Za-z0-9._-]*$" },
  number: { matches: "^[0-9]+([.][0-9]+)?$" },
  path: PATH,
  name: { matches: "^[A-Za-z0-9._-]+$" },
  names: { matches: "^[a-z0-9 -]+$" },
  command: undefined,
};

const PRODUCER_COMMAND = ["sh", `${PROBE_DIRECTORY}/producer.sh`] as const;
/** The variables that a privileged container which runs this script is given, without the command. */
const variablesOf = (program: Program): Readonly<Record<string, Value>> =>
  Object.fromEntries(
    givenTo(program, "privileged").flatMap(([name, holds]) => {
      const value = VALUES[holds];
      return value ? [[name, value] as const] : [];
    }),
  );
const PRODUCER_VARIABLES = variablesOf("producer");
const SWEEP_VARIABLES = variablesOf("sweep");

const producerEnvironment = ({ command }: Allowed): Readonly<Record<string, Value>> => ({
  ...PRODUCER_VARIABLES,
  // The probe runs what this holds as its daemon.
  ...(command ? { COMMAND: { equals: literal(command) } } : {}),
});

export const privilegedContainers = (allowed: Allowed): PrivilegedContainer[] => [
  {
    role: "producer",
    list: "containers",
    name: PRODUCER,
    command: PRODUCER_COMMAND,
    environment: producerEnvironment(allowed),
    mounts: {
      ...Object.fromEntries(BRIDGE_VOLUME_PATHS.map((path) => [path, ["hostPath", "emptyDir"]])),
      "/findings": ["emptyDir"],
      [POD_PATH]: ["downwardAPI"],
      [PROBE_DIRECTORY]: ["configMap"],
    },
    bothWays: Object.fromEntries(BRIDGE_VOLUME_PATHS.map((path) => [path, ["hostPath"]])),
    probe: true,
  },
  {
    role: "same-pod",
    list: "initContainers",
    name: SIDECAR,
    command: PRODUCER_COMMAND,
    environment: producerEnvironment(allowed),
    mounts: {
      [BRIDGE_PATH]: ["hostPath", "emptyDir"],
      [STORE_PATH]: ["hostPath"],
      "/findings": ["emptyDir"],
      [POD_PATH]: ["downwardAPI"],
      [PROBE_DIRECTORY]: ["configMap"],
    },
    bothWays: { [BRIDGE_PATH]: ["hostPath", "emptyDir"], [STORE_PATH]: ["hostPath"] },
    probe: true,
  },
  {
    role: "sweep-unmount",
    list: "containers",
    name: "sweep",
    command: ["sh", "-c", SCRIPT, "sweep", "unmount"],
    script: allowed.scripts?.["sweep.sh"],
    environment: SWEEP_VARIABLES,
    mounts: { [BRIDGE_PATH]: ["hostPath"] },
    bothWays: { [BRIDGE_PATH]: ["hostPath"] },
    probe: false,
  },
];

/** Fields of a container that the project's scripts do not need, and that could make it run or say something else. */
export const UNNEEDED = [
  "args",
  "workingDir",
  "lifecycle",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
  "envFrom",
  "volumeDevices",
] as const;

/** The kubelet puts a file there. */
export const TERMINATION_PATH = "/dev/termination-log";
