/** A Go that can compile the pinned modules: the machine's own, or a pinned one fetched as a module. */
import { chmodSync, copyFileSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { step } from "../../base/progress.ts";
import { attempt, run } from "../command.ts";
import { ensurePackages } from "../host/packages.ts";
import { SandboxError } from "../problem.ts";

export interface Go {
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
  /** As the program says it: `go1.26.8`. */
  readonly version: string;
}

/** What the newest of sandbox/tools/<family>/go.mod asks for. */
const needed = [1, 26, 6] as const;
const pinned = "1.26.8";

/** The machine's Go where it is new enough, else the pinned one, fetched with the machine's or with Debian's. */
export async function findGo(): Promise<Go> {
  // What this machine's Go would fetch of its own accord depends on its version and settings; this does not.
  const env = { ...process.env, GOTOOLCHAIN: "local", GOFLAGS: "" };
  const own = await versionOf("go", env);
  if (own && newEnough(own)) return { program: "go", env, version: own };
  if (!own && !existsSync("/usr/bin/apt-get")) {
    throw new SandboxError("Go is not installed", `Install Go ${needed.join(".")} or later, then run this again.`);
  }
  if (!own) await ensurePackages(["golang-go"]);
  const program = await step(`fetched Go ${pinned} (the machine has ${own ?? "none"})`, () => fetchToolchain(env));
  return { program, env: { ...env, GOROOT: undefined }, version: `go${pinned}` };
}

/** Fetches a module (`PATH@VERSION`) into Go's module cache. */
export async function downloadModule(
  { program, env }: Pick<Go, "program" | "env">,
  module: string,
  remedy = "Check the network or GOPROXY, then run this again.",
): Promise<{ readonly directory: string; readonly sum: string }> {
  // Outside of every module, whose go.mod would have a say.
  const answer = await run(program, ["mod", "download", "-json", module], { env, cwd: "/", remedy });
  const { Dir: directory, Sum: sum } = JSON.parse(answer) as { readonly Dir: string; readonly Sum: string };
  return { directory, sum };
}

/** `go1.26.8` -> whether it compiles the tools. */
export function newEnough(version: string): boolean {
  const parts = (/^go(\d+)\.(\d+)(?:\.(\d+))?/.exec(version) ?? []).slice(1).map((part) => Number(part ?? 0));
  for (const [index, need] of needed.entries()) {
    const have = parts[index] ?? 0;
    if (have !== need) return have > need;
  }
  return true;
}

async function versionOf(program: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { code, stdout } = await attempt(program, ["version"], { env });
  return code === 0 ? stdout.split(" ")[2] : undefined;
}

/** Any Go can do it, so that a distribution's old one is enough. */
async function fetchToolchain(env: NodeJS.ProcessEnv): Promise<string> {
  const arch = process.arch === "arm64" ? "arm64" : "amd64";
  const module = `golang.org/toolchain@v0.0.1-go${pinned}.${process.platform}-${arch}`;
  const remedy = `Install Go ${needed.join(".")} or later yourself, then run this again.`;
  const { directory } = await downloadModule({ program: "go", env }, module, remedy);
  finishToolchain(directory);
  return join(directory, "bin", "go");
}

/** A module holds neither executables nor nested modules; `go` itself restores both so when it fetches a toolchain. */
function finishToolchain(directory: string): void {
  const programs = readdirSync(join(directory, "pkg/tool"), { recursive: true, withFileTypes: true })
    .concat(readdirSync(join(directory, "bin"), { withFileTypes: true }))
    .filter((entry) => entry.isFile());
  for (const { parentPath, name } of programs) chmodSync(join(parentPath, name), 0o755);
  for (const part of ["src", "src/cmd"]) {
    const hidden = join(directory, part, "_go.mod");
    if (!existsSync(hidden)) continue;
    chmodSync(join(directory, part), 0o755);
    copyFileSync(hidden, join(directory, part, "go.mod"));
  }
}
