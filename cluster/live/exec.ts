/** Runs a command in a container that is not ours, for so long and for so many bytes and no longer. */
import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { Exec, type KubeConfig, type V1Status } from "@kubernetes/client-node";

export interface Where {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

interface Limits {
  /** In milliseconds. */
  readonly withinMs: number;
  readonly bytes: number;
}

export interface Said {
  readonly stdout: string;
  /** end: the command has ended; deadline: it has not; limit: it says more; refused: it never began, as `words` says. */
  readonly by: "end" | "deadline" | "limit" | "refused";
  readonly words: string;
}

/** Never rejects: what a container does not answer is an answer. */
export async function execIn(
  config: KubeConfig,
  { namespace, pod, container }: Where,
  command: readonly string[],
  { withinMs, bytes }: Limits,
): Promise<Said> {
  const { promise: ended, resolve } = Promise.withResolvers<Pick<Said, "by" | "words">>();
  const kept: Buffer[] = [];
  let room = bytes;
  const stdout = new Writable({
    write(piece: Buffer, _, done) {
      if (room > 0) kept.push(piece.subarray(0, room));
      room -= piece.length;
      if (room < 0) resolve({ by: "limit", words: "" });
      done();
    },
  });
  const words: Buffer[] = [];
  let saying = MAX_WORDS;
  const stderr = new Writable({
    write(piece: Buffer, _, done) {
      if (saying > 0) words.push(piece.subarray(0, saying));
      saying -= piece.length;
      done();
    },
  });
  const onStatus = ({ status, message = "" }: V1Status) =>
    resolve(
      status !== "Success" && NOT_BEGUN.test(message)
        ? { by: "refused", words: message }
        : { by: "end", words: status === "Success" ? "" : message },
    );
  const timer = new AbortController();
  void sleep(withinMs, undefined, { signal: timer.signal }).then(
    () => resolve({ by: "deadline", words: `no answer within ${withinMs / 1000} s` }),
    () => undefined,
  );
  const connected = new Exec(hasty(config, withinMs)).exec(
    namespace,
    pod,
    container,
    [...command],
    stdout,
    stderr,
    null,
    false,
    onStatus,
  );
  connected.then(
    (socket) => {
      socket.onclose = () => resolve({ by: "end", words: "the connection was closed" });
      socket.onerror = ({ message }: { readonly message: string }) => resolve({ by: "end", words: message });
    },
    (error: { readonly message?: string }) => resolve({ by: "refused", words: error.message ?? String(error) }),
  );
  const how = await ended;
  timer.abort();
  connected.then(
    (socket) => socket.terminate(),
    () => undefined,
  );
  const said = Buffer.concat(words).toString("utf8").trim();
  return {
    stdout: Buffer.concat(kept).toString("utf8"),
    by: how.by,
    words: [how.words, said].filter(Boolean).join(": "),
  };
}

/** The same cluster, whose connections are given up that are not made in time: they would keep this process. */
function hasty(config: KubeConfig, withinMs: number): KubeConfig {
  const applyToHTTPSOptions: KubeConfig["applyToHTTPSOptions"] = async (options) => {
    await config.applyToHTTPSOptions(options);
    // An option of `ws`, which client-node hands on.
    Object.assign(options, { handshakeTimeout: withinMs });
  };
  return Object.assign(Object.create(config) as KubeConfig, { applyToHTTPSOptions });
}

/** Of what a command says on standard error. */
const MAX_WORDS = 2_000;

/** The runtime's words on a program that is not in the image. */
const NOT_BEGUN =
  /executable file not found|no such file or directory|failed to start exec|unable to start container process/;
