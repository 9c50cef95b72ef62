/** How the causes read what daemons, tools, runtimes and the kubelet say: which thing a line is about. */
import { BRIDGE_PATH, mountPointIn } from "../../contract/bridge.ts";
import type { RecordOf } from "../../contract/records.ts";
import type { Evidence } from "../../evidence/evidence.ts";
import { canonical, producerSide, readerSides } from "./spec.ts";

/** Of a mount point on which something is mounted already, mostly a dead mount. */
export const IN_THE_WAY =
  /transport endpoint is not connected|socket (is )?not connected|already mounted|mkdir \S+: file exists|can(not|'t) create directory .*file exists/i;

/** Of a daemon that calls fusermount where there is none of that name: rclone, libfuse and shells. */
export const NO_FUSERMOUNT =
  /fusermount3?"?: (executable file )?not found|exec:? fusermount3?: No such file|fusermount3?(:| failed:) No such file/i;

/** fusermount's own, where mount_max of /etc/fuse.conf is reached. */
export const TOO_MANY_MOUNTS = /too many FUSE filesystems mounted/i;

/** Whether one line says this and names one of the paths: a daemon speaks of its own backend in the same words. */
export const saysOf =
  (paths: readonly string[], words: RegExp) =>
  (text = ""): boolean =>
    text.split("\n").some((line) => words.test(line) && paths.some((path) => names(line, path)));

export const saysInOneLine =
  (...words: readonly RegExp[]) =>
  (text = ""): boolean =>
    text.split("\n").some((line) => words.every((one) => one.test(line)));

/** Where the producer's daemon mounts, in the producer's own view. */
export const mountPoint = (evidence: Evidence): string =>
  mountPointIn(producerSide(evidence)?.bridge.root ?? BRIDGE_PATH);

/** Whether a record of a marker speaks of a file of the daemon's own (`markerFile`), and not of the one the probe writes. */
export const isOwnFile = (evidence: Evidence, { path }: RecordOf<"marker">): boolean =>
  path !== undefined && path !== `${mountPoint(evidence)}/marker`;

/** The directories of the node that stand for the bridge in the pods' specs. */
export const bridgePaths = (evidence: Evidence): readonly string[] =>
  [producerSide(evidence), ...readerSides(evidence)].flatMap((side) => side?.bridge.path ?? []);

/** The path, or something below it; not another one that only begins with the same letters. No path is any. */
function names(line: string, path: string): boolean {
  if (path === "") return true;
  const [text, wanted] = [canonical(line), canonical(path)];
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1))
    if (!/^([\w-]|\.\w)/.test(text.slice(at + wanted.length))) return true;
  return false;
}
