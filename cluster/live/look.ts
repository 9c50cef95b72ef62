/** Reads the mount table of containers, and asks their mounts, each with a deadline. */
import type { KubeConfig } from "@kubernetes/client-node";
import type { Answer, LivePod, LiveView, Unread } from "../../core/live/facts.ts";
import { mountTable } from "../../core/live/mountTable.ts";
import { execIn, type Said, type Where } from "./exec.ts";

/** The container in which a command runs, and whose mounts it reads there. */
export interface ExecTarget extends Where {
  /** The process whose mount namespace it is: `self`, or that of the container at which an ephemeral one looks. */
  readonly process: "self" | "1";
}

/** Some 40,000 mounts: no table that a node makes by itself is as long. */
const TABLE = { withinMs: 15_000, bytes: 8 << 20 } as const;
/** The container ends its own questions after SECONDS; one that cannot be ended is left to the kernel. */
const SECONDS = 3;
const ANSWERS = { withinMs: SECONDS * 1000 + 4_000, bytes: 64 << 10 } as const;

export const ownTarget = (pod: LivePod, container: string): ExecTarget => ({
  namespace: pod.namespace,
  pod: pod.name,
  container,
  process: "self",
});

export async function readTable(config: KubeConfig, target: ExecTarget): Promise<LiveView | Unread> {
  const said = await execIn(config, target, ["cat", `/proc/${target.process}/mountinfo`], TABLE);
  if (said.by === "refused" || (said.by !== "limit" && said.stdout === "")) return unread(said, target);
  const words = {
    limit: `its mount table is longer than ${TABLE.bytes >> 20} MiB: the rest was not read`,
    deadline: said.words,
  };
  const cut = said.by === "limit" || said.by === "deadline" ? words[said.by] : undefined;
  return { table: mountTable(said.stdout), answers: new Map(), ...(cut ? { cut } : {}) };
}

function unread({ words, by }: Said, { namespace }: Where): Unread {
  if (by === "refused" && /executable file not found|no such file/.test(words))
    return {
      words: "its image has no cat, so its mount table cannot be read",
      remedy:
        "--allow-ephemeral adds an ephemeral container to the pod that reads it: it stays in the pod until that is deleted",
    };
  if (/403/.test(words))
    return {
      words: `the API server does not let this user exec: ${words}`,
      remedy: `have the rights granted that \`npm run diagnose -- --print-role -n ${namespace}\` prints`,
    };
  return { words: words || "it has no mount table", remedy: "see whether `kubectl exec` comes through" };
}

/**
 * stat -f asks the daemon each time, where stat may be answered by the kernel's cache; stat is what is refused without allow_other.
 * All at once, since one that hangs keeps the others waiting; by a program that ends what hangs, or not at all.
 */
const SCRIPT = `LC_ALL=C; export LC_ALL
echo "uid $(id -u)"
command -v timeout >/dev/null || { echo "none: this image has no timeout"; exit 0; }
nth=0
for path do
  nth=$((nth + 1))
  {
    words=$(timeout -s KILL ${SECONDS} stat -f "$path" 2>&1 >/dev/null && timeout -s KILL ${SECONDS} stat "$path" 2>&1 >/dev/null)
    echo "$nth $? $words"
  } &
done
wait`;

/** @returns the look with an answer for each path; without them where the container cannot ask */
export async function ask(
  config: KubeConfig,
  target: ExecTarget,
  look: LiveView,
  paths: readonly string[],
): Promise<LiveView> {
  if (paths.length === 0) return look;
  const seen = target.process === "self" ? paths : paths.map((path) => `/proc/${target.process}/root${path}`);
  const said = await execIn(config, target, ["sh", "-c", SCRIPT, "sh", ...seen], ANSWERS);
  const uid = /^uid (\d+)$/m.exec(said.stdout)?.[1];
  if (said.by === "refused" || /^none: /m.test(said.stdout)) return look;
  const answered = new Map(
    [...said.stdout.matchAll(/^(\d+) (\d+) ?(.*)$/gm)].map(([, nth, code, words = ""]) => [
      Number(nth),
      answerOf(Number(code), words),
    ]),
  );
  const answers = paths.map((path, index): [string, Answer] => [
    path,
    answered.get(index + 1) ?? {
      errno: "ETIMEDOUT",
      words: said.by === "deadline" ? said.words : "no answer, and what asked was ended",
    },
  ]);
  return { ...look, answers: new Map(answers), ...(uid ? { uid } : {}) };
}

/** The exit code of a process that SIGKILL has ended. */
const KILLED = 137;

function answerOf(code: number, words: string): Answer {
  if (code === 0) return { words: "answered" };
  if (code === KILLED) return { errno: "ETIMEDOUT", words: `no answer within ${SECONDS} s` };
  return { errno: ERRNOS.find(([, said]) => said.test(words))?.[0] ?? "UNKNOWN", words };
}

/** The names of errors by the words of glibc and musl, as in probe/lib.sh. */
const ERRNOS: readonly (readonly [string, RegExp])[] = [
  ["ENOTCONN", /transport endpoint is not connected|socket (is )?not connected/i],
  ["ECONNABORTED", /connection abort/i],
  ["EACCES", /permission denied/i],
  ["EPERM", /operation not permitted/i],
  ["ENOENT", /no such file or directory/i],
  ["EIO", /(input\/output|i\/o) error/i],
  ["ESTALE", /stale (nfs )?file handle/i],
  ["ETIMEDOUT", /(connection|operation) timed out/i],
];

/** Runs so many at once. */
export async function inTurns<T>(all: readonly T[], many: number, work: (one: T) => Promise<void>): Promise<void> {
  const waiting = [...all];
  const worker = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await work(one);
  };
  await Promise.all(Array.from({ length: Math.min(many, all.length) }, worker));
}
