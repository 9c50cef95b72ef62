/**
 * What the privileged containers may be given: what core/manifests gives them, and no more. `PATH`, `LD_PRELOAD` or a volume over
 * `/bin` would make them run something else than the project's own scripts. The admission policies say the same in CEL: the
 * patterns are written so that both read them alike.
 */

const WORD = "^[A-Za-z0-9][A-Za-z0-9._-]*$";
const NUMBER = "^[0-9]+([.][0-9]+)?$";
/** core/settings/validators.ts, markerFileFault: a path below the mount point. */
const FILE = "^[^/\\s\\p{Cc}\\p{Z}\\\\$]+(/[^/\\s\\p{Cc}\\p{Z}\\\\$]+)*$";
export const DOTS = "(^|/)[.][.]?(/|$)";

/** The producer's variables, each with what its value may be. COMMAND has a rule of its own. */
export const PRODUCER_ENVIRONMENT: Readonly<Record<string, string>> = {
  RUN: WORD,
  NODE: WORD,
  AFTERWARDS: WORD,
  DRIVER: WORD,
  FAULT: WORD,
  PERMISSIONS: WORD,
  UNMOUNT_AT_START: WORD,
  DELAY_SECONDS: NUMBER,
  HOLD_SECONDS: NUMBER,
  INSPECT_SECONDS: NUMBER,
  MOUNT_SECONDS: NUMBER,
  PROBE_SECONDS: NUMBER,
  RECOVER_SECONDS: NUMBER,
  SETTLE_SECONDS: NUMBER,
  STALE_SECONDS: NUMBER,
  MARKER_FILE: FILE,
};

/** The sweep's: directory names. */
export const SWEEP_ENVIRONMENT: Readonly<Record<string, string>> = {
  NAME: "^[A-Za-z0-9._-]+$",
  SCENARIOS: "^[a-z0-9 -]+$",
};

/** Where the producer may have a volume, and of which kinds. */
export const PRODUCER_MOUNTS: Readonly<Record<string, readonly string[]>> = {
  "/bridge": ["hostPath", "emptyDir"],
  "/bridge/fuse": ["hostPath", "emptyDir"],
  "/findings": ["emptyDir"],
  "/probe": ["configMap"],
};

export const SWEEP_MOUNTS: Readonly<Record<string, readonly string[]>> = { "/bridge": ["hostPath"] };

/** Fields of a container that the project's scripts need nothing of, and that could make it run or say something else. */
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
