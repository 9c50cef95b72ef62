/** What a reader of the recipe on trial says, and what that tells of an outage. Pure. */

/** What one reader said, by the node's own clock. */
export interface ReaderSample {
  /** Seconds since the node's boot. */
  readonly at: number;
  /** `write/list`: see `lookScript`. */
  readonly state: string;
  /** FUSE mounts at the mount point, and all mounts, in the reader's mount table. */
  readonly mounts: number;
  readonly table: number;
}

/**
 * A reader writes and lists through the mount, again and again, and says what came of it as `UPTIME WRITE/LIST MOUNTS TABLE`, at each change
 * and at least every second: `ok` on the FUSE file system, `below` where the file lies in the plain directory, `empty` where that was
 * listed, `hung`, or the errno. MOUNTS and TABLE count its mount table's FUSE mounts at the point, and all.
 */
export const lookScript = (point: string, { write }: { readonly write: boolean }): string => `trap 'exit 0' TERM
is_there() { grep -q ' ${point} .* - fuse' /proc/self/mountinfo; }
try() {
  words=$(LC_ALL=C timeout -s KILL 1 sh -c "$1" 2>&1); code=$?
  case $code-$words in
    0-*)
      # What was done on the mount, and asked for when that had gone, is done again without it.
      if is_there; then echo ok; elif [ -n "$3" ]; then echo "$2"; else try "$1" "$2" again; fi ;;
    137-*) echo hung ;;
    *'not connected'*) echo ENOTCONN ;;
    *'onnection abort'*) echo ECONNABORTED ;;
    *'ead-only'*) echo EROFS ;;
    *'ermission denied'*) echo EACCES ;;
    *'o such file'*) echo ENOENT ;;
    *) echo "$words" | tr ' \\n' __ ;;
  esac
}
last= said_at=0
# One of this pod alone: two that write into one file at a time, as in a rollout, are refused by some daemons.
file=${point}/$ME-$(cat /proc/sys/kernel/hostname).txt
while :; do
${
  write
    ? `  wrote=$(try "echo $ME >$file" unsure)
  # Written, and the mount went before it could be asked for.
  if [ "$wrote" = unsure ]; then if ! is_there && [ -e $file ]; then wrote=below; else wrote=ok; fi; fi`
    : "  wrote=ok"
}
  now="$wrote/$(try "ls ${point}" empty) $(awk -v at=${point} '$5 == at && / - fuse/ { n++ } END { print n + 0, NR }' /proc/self/mountinfo)"
  read -r up _ </proc/uptime
  if [ "$now" != "$last" ] || [ "\${up%.*}" != "$said_at" ]; then echo "$up $now"; last=$now said_at=\${up%.*}; fi
  sleep 0.1
done`;

export const parseLooks = (log: string): ReaderSample[] =>
  log
    .split("\n")
    .map((line) => line.split(" "))
    .filter((words) => words.length >= 2 && Number(words[0]) > 0)
    .map(([at, state = "", mounts, table]) => ({
      at: Number(at),
      state,
      mounts: Number(mounts ?? 0),
      table: Number(table ?? 0),
    }));

export const GOOD = "ok/ok";

/** Seconds without a word after which a reader is in the kernel's hands: a request that the daemon has taken cannot be killed. */
const SILENT_SECONDS = 4;

/** What a reader had to do without. */
export interface Outage {
  /** Every other state than `ok` that it met. */
  readonly seen: readonly string[];
  /** From its first failed look to its first good one that stayed; undefined where it did not come back. In milliseconds. */
  readonly outageMs: number | undefined;
}

/** What a reader met between two moments of the node's clock. */
export function outageIn(looks: readonly ReaderSample[], from: number, now: number): Outage {
  const last = looks.at(-1);
  const heard = [...looks, { at: now, state: last?.state ?? "silent" }];
  const since = heard
    .flatMap((one, index) => {
      const before = heard[index - 1];
      const gap = before !== undefined && one.at - before.at > SILENT_SECONDS;
      return gap ? [{ at: before.at + 1, state: "silent" }, ...(index < looks.length ? [one] : [])] : [one];
    })
    .filter(({ at }) => at > from);
  const lost = since.find(({ state }) => state !== GOOD);
  const back = since[since.findLastIndex(({ state }) => state !== GOOD) + 1];
  const outageMs = lost === undefined ? 0 : back?.state === GOOD ? Math.round((back.at - lost.at) * 1000) : undefined;
  return { seen: [...new Set(since.map(({ state }) => state).filter((state) => state !== GOOD))], outageMs };
}
