/** The official Pulumi CLI, which its own installer puts into the cache: for machines that have none, and reach it. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pulumiHome, source } from "../../base/paths.ts";
import { elapsed, note } from "../../base/progress.ts";
import { attempt } from "../command.ts";

export interface Installer {
  /** What has to answer before anything is begun. */
  readonly url: string;
  /** Puts `bin/pulumi` into the directory that is its last argument. */
  readonly command: readonly string[];
  readonly version: string;
  /** Milliseconds: until it answers, and until everything is there, some 150 MB. */
  readonly deadlines: { readonly answer: number; readonly install: number };
}

/** The SDK's installer, which fetches from get.pulumi.com. */
export const officialInstaller = (version: string): Installer => ({
  url: "https://get.pulumi.com/install.sh",
  command: [process.execPath, "--disable-warning=ExperimentalWarning", join(source, "build", "installCli.ts")],
  version,
  deadlines: { answer: 10_000, install: 300_000 },
});

/** Milliseconds until a failed installation is tried again: a machine without internet must not wait at each start. */
const RETRY_AFTER = { failed: 24 * 60 * 60_000, late: 60 * 60_000 } as const;

/** Directory of the CLI that was installed, or undefined. */
export function installedCli(version: string, home = pulumiHome): string | undefined {
  const directory = join(home, `cli-${version}`, "bin");
  return existsSync(join(directory, "pulumi")) ? directory : undefined;
}

/** Directory of the CLI, or undefined where it cannot be had: this is said, and not tried again for a while. */
export async function installCli(installer: Installer, home = pulumiHome): Promise<string | undefined> {
  const { version, deadlines } = installer;
  const known = installedCli(version, home);
  if (known) return known;
  const mark = join(home, `cli-${version}.unavailable`);
  if (triedLately(mark)) return undefined;
  mkdirSync(home, { recursive: true });
  const failed = (why: "late" | "failed", words: string) => {
    writeFileSync(mark, why);
    note(`Pulumi ${version}: not fetched (${words}), tried again after ${RETRY_AFTER[why] / 3_600_000} h`);
    return undefined;
  };
  const silence = await refusal(installer);
  if (silence) return failed("failed", silence);

  note(`Pulumi ${version}: none on PATH, fetching it with its installer`);
  const started = performance.now();
  const fresh = join(home, `cli-${version}.new`);
  rmSync(fresh, { recursive: true, force: true });
  const [program = "", ...args] = [...installer.command, fresh];
  const { code, late, stderr } = await attempt(program, args, { deadline: deadlines.install });
  if (code !== 0 || !existsSync(join(fresh, "bin", "pulumi"))) {
    rmSync(fresh, { recursive: true, force: true });
    if (late) return failed("late", `not within ${deadlines.install / 1000} s`);
    return failed("failed", stderr.trim().split("\n").at(-1) || `the installer ended with exit code ${code}`);
  }
  // It appears whole or not at all.
  const directory = join(home, `cli-${version}`);
  rmSync(directory, { recursive: true, force: true });
  renameSync(fresh, directory);
  note(`Pulumi ${version}: fetched into ${dirname(join(directory, "bin"))}, ${elapsed(started)}`);
  return join(directory, "bin");
}

/** Why the installer cannot be reached, or undefined. */
async function refusal({ url, deadlines }: Installer): Promise<string | undefined> {
  const { host } = new URL(url);
  try {
    const { ok, status } = await fetch(url, { signal: AbortSignal.timeout(deadlines.answer) });
    return ok ? undefined : `${host} answers ${status}`;
  } catch (error) {
    return `${host} ${(error as Error).name === "TimeoutError" ? `does not answer within ${deadlines.answer / 1000} s` : "cannot be reached"}`;
  }
}

/** Whether the mark of a failed installation still counts: one that was only late may succeed on a quieter network. */
export function triedLately(mark: string, now = Date.now()): boolean {
  if (!existsSync(mark)) return false;
  const why = readFileSync(mark, "utf8") === "late" ? "late" : "failed";
  return now - statSync(mark).mtimeMs < RETRY_AFTER[why];
}
