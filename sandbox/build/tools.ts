/** The programs compiled from pinned Go modules (sandbox/tools): one directory a family in the cache, named by its pins. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../base/command.ts";
import { goBuild, source, tools } from "../../base/paths.ts";
import { note, seconds, step } from "../../base/progress.ts";
import { findGo, type Go } from "./toolchain.ts";

export type Family = "etcd" | "kubernetes" | "pulumi" | "flux" | "gitops" | "oracle";

const kubernetes = "1.34.4";
export const pulumiVersion = "3.250.0";

/** Value for the linker -X option: programs built as modules do not know their own version. */
const versions: Readonly<Record<Family, readonly string[]>> = {
  etcd: [],
  kubernetes: [
    `k8s.io/component-base/version.gitVersion=v${kubernetes}`,
    "k8s.io/component-base/version.gitMajor=1",
    "k8s.io/component-base/version.gitMinor=34",
    `k8s.io/client-go/pkg/version.gitVersion=v${kubernetes}`,
  ],
  flux: [],
  gitops: [],
  oracle: [],
  pulumi: [`github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${pulumiVersion}`],
};

export type ToolPaths = Readonly<
  Record<"etcd" | "kube-apiserver" | "kube-controller-manager" | "kube-scheduler" | "kubelet", string>
>;

/** The programs' paths inside a box, which has the tools directory at /opt/tools. */
export function toolPaths(): ToolPaths {
  const inBox = (family: Family, name: string) => join("/opt/tools", directoryName(family), name);
  return {
    etcd: inBox("etcd", "server"),
    "kube-apiserver": inBox("kubernetes", "kube-apiserver"),
    "kube-controller-manager": inBox("kubernetes", "kube-controller-manager"),
    "kube-scheduler": inBox("kubernetes", "kube-scheduler"),
    kubelet: inBox("kubernetes", "kubelet"),
  };
}

export function toolDirectory(family: Family): string {
  return join(tools, directoryName(family));
}

/**
 * Compiles the families that are not in the cache, one after the other (each fills all cores), then removes Go's build
 * cache: gigabytes that nobody needs again.
 */
export async function buildTools(families: readonly Family[]): Promise<void> {
  const missing = families.filter((family) => !existsSync(toolDirectory(family)));
  if (missing.length === 0) return;
  const go = await findGo();
  note(
    `compiling ${missing.join(", ")} from pinned Go modules with ${go.version}; once, several minutes each on 2 cores`,
  );
  for (const family of missing) await step(`compiled ${family}`, () => build(family, go));
  rmSync(goBuild, { recursive: true, force: true });
}

/**
 * Key of a family's build. The compiler's version is left out: it does not change what the programs do, and a machine
 * whose cache is filled then needs no Go.
 */
export function buildKey(goMod: string, goSum: string, flags: readonly string[], arch: string): string {
  const content = [goMod, goSum, ...flags, arch].join("\0");
  return createHash("sha256").update(content).digest("hex").slice(0, 12);
}

function directoryName(family: Family): string {
  const file = (name: string) => readFileSync(join(source, "tools", family, name), "utf8");
  const own = isOwn(family) ? [file("main.go")] : [];
  return `${family}-${buildKey(file("go.mod"), file("go.sum"), [...flags(family), ...own], process.arch)}`;
}

function flags(family: Family): string[] {
  const linker = ["-s", "-w", ...versions[family].flatMap((value) => ["-X", value])];
  return ["-trimpath", "-buildvcs=false", "-ldflags", linker.join(" ")];
}

/** Whether it is a program of this project's own, made of modules of others. */
const isOwn = (family: Family): boolean => existsSync(join(source, "tools", family, "main.go"));

async function build(family: Family, go: Go): Promise<void> {
  const target = toolDirectory(family);
  const fresh = `${target}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  const instead = family === "pulumi" ? ` Or install pulumi ${pulumiVersion} or newer.` : "";
  const started = performance.now();
  let packages = 0;
  const heartbeat = setInterval(
    () => note(`${family}: ${packages} packages compiled, ${seconds(started).trim()}`),
    20_000,
  );
  try {
    await run(go.program, ["build", "-v", ...flags(family), "-o", `${fresh}/`, isOwn(family) ? "." : "tool"], {
      cwd: join(source, "tools", family),
      // -v names each package on a line of its own as it is compiled; messages hold spaces.
      onErrorLine: (line) => {
        if (!line.includes(" ")) packages++;
      },
      env: { ...go.env, CGO_ENABLED: "0", GOCACHE: goBuild, GOFLAGS: "", GOWORK: "off" },
      remedy: `If a module could not be fetched, check the network or GOPROXY. Then run this again: it goes on where it was.${instead}`,
    });
  } finally {
    clearInterval(heartbeat);
  }
  renameSync(fresh, target);
}
