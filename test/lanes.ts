/**
 * The end-to-end tests, two files at a time: they wait for pods more than they compute. Each lane has a sandbox of its own, since each
 * cache directory has one; what is compiled and fetched is that of the user's cache.
 */
import { type ChildProcess, fork, type SpawnSyncOptionsWithStringEncoding, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { identify, isAlive } from "../base/identity.ts";
import { cache, lock, logs, state } from "../base/paths.ts";
import { instanceOf } from "../sandbox/instance.ts";

const LANES = 2;
/** What belongs to one sandbox, and is no other's. */
const OWN: ReadonlySet<string> = new Set([state, logs, lock, join(cache, "links"), join(cache, "kube"), lanesFolder()]);
/** These compare times, or start more pods than two cores serve beside another test's: they have the machine to themselves. */
const ALONE = ["warm", "time", "scenarios", "diagnose"];

/** What a process that ran one file has counted. */
export interface Counted {
  readonly passed: number;
  readonly skipped: number;
  readonly failed: readonly string[];
}

/** What each file's tests printed and counted, and how long they took, as soon as it is through. */
type Finished = (file: string, printed: string, counted: Counted, seconds: number) => void;

export class Lanes {
  private readonly running = new Set<ChildProcess>();
  readonly caches: readonly string[];

  constructor() {
    removeDead();
    this.caches = choose(ownFolder());
    for (const lane of this.caches) prepare(lane);
  }

  /** @param files in the order in which they are to begin */
  async run(files: readonly string[], begun: (file: string) => void, finished: Finished): Promise<void> {
    const isAlone = (file: string) => ALONE.some((name) => file.includes(`e2e/${name}.`));
    const waiting = files.filter((file) => !isAlone(file));
    const one = (file: string, lane: string) => {
      begun(file);
      return this.one(file, lane, finished);
    };
    const take = async (lane: string): Promise<void> => {
      for (let file = waiting.shift(); file; file = waiting.shift()) await one(file, lane);
    };
    await Promise.all(this.caches.map(take));
    const [first = "", ...others] = this.caches;
    for (const lane of others) sandboxDown(lane);
    for (const file of files.filter(isAlone)) await one(file, first);
  }

  /** Takes every lane's sandbox down. @returns what could not be removed */
  down(): string {
    this.signal("SIGTERM");
    const remains = this.caches.map(sandboxDown).join("");
    // Whatever a test had started, and that waits for a sandbox which is gone.
    this.signal("SIGKILL");
    return remains;
  }

  remove(): void {
    rmSync(ownFolder(), { recursive: true, force: true });
  }

  private signal(signal: NodeJS.Signals): void {
    for (const { pid } of this.running)
      try {
        if (pid !== undefined) process.kill(-pid, signal);
      } catch {
        // The whole group has ended.
      }
  }

  private async one(file: string, lane: string, finished: Finished): Promise<void> {
    const from = performance.now();
    const env = { ...process.env, FUSE_TEST_CACHE: lane, FUSE_TEST_LANE: lane };
    const child = fork(join(import.meta.dirname, "run.ts"), ["e2e", file], {
      env,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // A group of its own, to be ended with all that its tests have started.
      detached: true,
    });
    this.running.add(child);
    let counted: Counted | undefined;
    child.on("message", (message) => {
      counted = message as Counted;
    });
    const code = new Promise<number | null>((resolve) => child.on("close", resolve));
    const [out, errors] = await Promise.all([child.stdout, child.stderr].map((stream) => (stream ? text(stream) : "")));
    const ended = await code;
    this.running.delete(child);
    finished(
      file,
      `${out}${errors}`,
      counted ?? { passed: 0, skipped: 0, failed: [`${file} ended with exit code ${ended}`] },
      (performance.now() - from) / 1000,
    );
  }
}

function sandboxDown(lane: string): string {
  const options: SpawnSyncOptionsWithStringEncoding & { detached: boolean } = {
    env: { ...process.env, FUSE_TEST_CACHE: lane },
    encoding: "utf8",
    // In a process group of its own: a second Ctrl-C is not for it.
    detached: true,
  };
  const { status, stderr } = spawnSync(process.execPath, ["sandbox/main.ts", "down"], options);
  return status === 0 ? "" : stderr;
}

function lanesFolder(): string {
  return join(cache, "lanes");
}

/** One run's: another `npm test` may be under way, and a test of a run that was killed may outlive it for a while. */
const ownFolder = (): string => join(lanesFolder(), `${process.pid}-${identify(process.pid)?.started}`);

/** Takes down what runs have left that were killed. */
function removeDead(): void {
  const folders = existsSync(lanesFolder()) ? readdirSync(lanesFolder()) : [];
  for (const name of folders) {
    const [pid, started = ""] = name.split("-");
    if (isAlive({ pid: Number(pid), started })) continue;
    for (const lane of readdirSync(join(lanesFolder(), name))) sandboxDown(join(lanesFolder(), name, lane));
    rmSync(join(lanesFolder(), name), { recursive: true, force: true });
  }
}

/** Cache directories whose sandboxes have networks of their own: a network's number is drawn from the directory's name. */
function choose(folder: string): string[] {
  const taken = new Map<string, string>();
  for (let nth = 1; taken.size < LANES; nth++) {
    const lane = join(folder, String(nth));
    const { network } = instanceOf(join(lane, "fuse-propagation-test"));
    if (!taken.has(network)) taken.set(network, lane);
  }
  return [...taken.values()];
}

/** A cache directory that shares with the user's all that belongs to no sandbox. */
function prepare(lane: string): void {
  const folder = join(lane, "fuse-propagation-test");
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(cache))
    if (!OWN.has(join(cache, name))) symlinkSync(join(cache, name), join(folder, name));
}
