/**
 * What the containers of a recipe run: POSIX sh, in the manifest itself, so that whoever reviews the manifest sees it, and a change of it
 * replaces the pod. No `${...}`, which Flux would substitute, and no `$$`, of which Kubernetes makes one `$`.
 */
import { driverOf } from "../contract/drivers.ts";
import type { Recipe } from "./settings.ts";

/** Milliseconds between two looks at a mount point. */
const LOOKS_PER_SECOND = 5;
/** Seconds after which a file system that has not answered counts as hung. */
const ANSWER_SECONDS = 2;
/** Looks until a mount that was just left without its daemon must be dead. */
const LAST_LOOKS = 15;
/** Seconds beyond its own that a predecessor gets to end. */
const MARGIN_SECONDS = 15;

/** What is at the mount point: nothing, a FUSE mount that is served, hung or dead, or another file system. */
const STATE = `state() {
  kind=$(awk -v at="$MOUNT" '$5 == at { for (n = 7; $n != "-"; n++); kind = $(n + 1) } END { print kind }' /proc/self/mountinfo)
  case $kind in
    '') echo none; return ;;
    fuse*) ;;
    *) echo other; return ;;
  esac
  words=$(LC_ALL=C timeout -s KILL ${ANSWER_SECONDS} stat -f "$MOUNT" 2>&1)
  case $?-$words in
    137-*) echo hung ;;
    *'not connected'* | *'connection abort'*) echo dead ;;
    *) echo served ;;
  esac
}`;

/**
 * Takes away dead mounts, one by one where they are stacked. One that answers, or may answer yet, is a predecessor's that still ends: it is
 * awaited, and never unmounted.
 */
const CLEAR = `looks=0
while :; do
  case $(state) in
    none) break ;;
    dead) echo "taking away a dead mount at $MOUNT"; umount -l "$MOUNT" || exit 1 ;;
    other) echo "$MOUNT is mounted, and not by FUSE: it stays" >&2; exit 1 ;;
    *)
      looks=$((looks + 1))
      [ "$looks" -gt 1 ] || echo "waiting for the daemon that serves $MOUNT to end"
      if [ "$looks" -gt "$LOOKS" ]; then echo "another daemon serves $MOUNT: it stays" >&2; exit 1; fi
      sleep ${1 / LOOKS_PER_SECOND}
      ;;
  esac
done`;

/** The bare mount point lets nobody in, so that a reader without the mount fails instead of finding an empty library. */
const CLOSE = `mkdir -p "$MOUNT" && chmod 0000 "$MOUNT" || exit 1`;

/** Looks of one mount point before whoever starts gives up. */
export const looksFor = ({ stopSeconds }: Recipe): number => (stopSeconds + MARGIN_SECONDS) * LOOKS_PER_SECOND;

/** Of the init container: the next daemon finds its mount point free. */
export const clearScript = (): string => `${STATE}
${CLEAR}
${CLOSE}
`;

/**
 * Of the daemon's container: it clears again, since a container that is restarted gets no init container, runs the daemon, and
 * takes its mount away whatever ended it.
 */
export const daemonScript = (recipe: Recipe): string => `${STATE}
serve() { ${serving(recipe)}; }
# On SIGTERM: who answers gets the time to write what it has; who hangs gets none.
stop() {
  trap '' TERM INT
  stopping=yes daemon=$!
  [ -n "$daemon" ] || exit 0
  if [ "$(state)" = hung ]; then umount -l "$MOUNT"; kill -KILL "$daemon"; return; fi
  kill -TERM "$daemon"
  (sleep ${recipe.stopSeconds}; kill -KILL "$daemon") &
}
stopping=
trap stop TERM INT
${CLEAR}
${CLOSE}
serve &
daemon=$!
wait "$daemon"
code=$?
# The signal has ended the first wait, not the daemon.
if [ -n "$stopping" ]; then wait "$daemon"; code=0; fi
# What it may have left in this container serves the mount on: a command without exec, a child of its own.
read -r self _ </proc/self/stat
if [ "$self" = 1 ]; then kill -KILL -1; fi
looks=0
while [ "$looks" -lt ${LAST_LOOKS} ]; do
  case $(state) in
    none | other) break ;;
    dead) umount -l "$MOUNT" ;;
    *) looks=$((looks + 1)); sleep ${1 / LOOKS_PER_SECOND} ;;
  esac
done
exit "$code"
`;

const serving = ({ driver, flags }: Recipe): string =>
  `exec ${driverOf(driver).serve(flags.map((flag) => ` ${quoted(flag)}`).join(""))}`;

const quoted = (text: string): string =>
  /^[A-Za-z0-9_./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * Whether the FUSE file system is there and answers: the kernel's table says that it is FUSE, and the question that no cache answers is
 * asked with an end.
 */
export const servedCheck = (point: string, seconds: number): string =>
  `grep -q ' ${point} .* - fuse' /proc/self/mountinfo && timeout -s KILL ${seconds} stat -f ${point} >/dev/null`;

/** Of the readers' init container: it waits for the mount, and not for the directory below it. */
export const gateScript = (point: string): string =>
  `echo 'waiting for the daemon that serves ${point}'; until ${servedCheck(point, ANSWER_SECONDS)} 2>&1; do sleep 1; done`;
