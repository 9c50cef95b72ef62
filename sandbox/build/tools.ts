/** The programs compiled from pinned Go modules (sandbox/tools): one directory a family in the cache, named by its pins. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { goBuild, source, tools } from "../../base/paths.ts";
import { elapsed, note, step } from "../../base/progress.ts";
import { inBox } from "../box/box.ts";
import { type CommandOptions, run } from "../command.ts";
import { ensurePackages } from "../host/packages.ts";
import { findGo, type Go } from "./toolchain.ts";
import { makeDirectory } from "./whole.ts";

/** What one go.mod pins; its programs are compiled together. */
export type Family =
  | "etcd"
  | "kubernetes"
  | "kubernetes-1.35"
  | "kubernetes-1.37"
  | "containerd"
  | "runc"
  | "pulumi"
  | "flux"
  | "gitops"
  | "oracle"
  | "e2e";

/** The engine's, which is that of the SDK (test/sandbox/installer). */
export const pulumiVersion = pinned("pulumi", "github.com/pulumi/pulumi/pkg/v3");

/** What is left out (file systems for images that no node here has) or put in. */
const tags: Readonly<Partial<Record<Family, string>>> = {
  containerd: "no_btrfs,no_devmapper,no_zfs",
  runc: "seccomp",
};

/** C is compiled as well: the compiler, and the library of pods' system call filters. */
const NEEDS_C: Readonly<Partial<Record<Family, readonly string[]>>> = {
  runc: ["gcc", "libc6-dev", "libseccomp-dev", "pkg-config"],
};

/** Value for the linker -X option: programs built as modules do not know their own version. */
const versions: Readonly<Record<Family, readonly string[]>> = {
  etcd: [],
  kubernetes: kubernetesVersion("kubernetes"),
  "kubernetes-1.35": kubernetesVersion("kubernetes-1.35"),
  "kubernetes-1.37": kubernetesVersion("kubernetes-1.37"),
  containerd: [
    `github.com/containerd/containerd/v2/version.Version=v${pinned("containerd", "github.com/containerd/containerd/v2")}`,
  ],
  runc: [],
  flux: [],
  gitops: [],
  e2e: [],
  oracle: [],
  pulumi: [`github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${pulumiVersion}`],
};

/** Where a box sees a family's programs, or one of them. */
export function pathInBox(family: Family, name = ""): string {
  return join(inBox.tools, directoryName(family), name);
}

/** Where a family's programs are, or will be. */
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
  await ensurePackages(missing.flatMap((family) => NEEDS_C[family] ?? []));
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
  const file = (name: string) => readSource(family, name);
  const own = [...(isOwn(family) ? [file("main.go")] : []), ...(isTest(family) ? [file(`${family}_test.go`)] : [])];
  return `${family}-${buildKey(file("go.mod"), file("go.sum"), [...flags(family), ...own], process.arch)}`;
}

function readSource(family: Family, name: string): string {
  return readFileSync(join(source, "tools", family, name), "utf8");
}

/** The version of a module that a family's go.mod requires: `1.34.4`. */
function pinned(family: Family, module: string): string {
  const version = readSource(family, "go.mod")
    .split("\n")
    .map((line) =>
      line
        .trim()
        .replace(/^require /, "")
        .split(" "),
    )
    .find(([name]) => name === module)?.[1];
  if (!version) throw new Error(`sandbox/tools/${family}/go.mod does not require ${module}`);
  return version.replace(/^v/, "");
}

function kubernetesVersion(family: Family): readonly string[] {
  const version = pinned(family, "k8s.io/kubernetes");
  const [major, minor] = version.split(".");
  return [
    `k8s.io/component-base/version.gitVersion=v${version}`,
    `k8s.io/component-base/version.gitMajor=${major}`,
    `k8s.io/component-base/version.gitMinor=${minor}`,
    `k8s.io/client-go/pkg/version.gitVersion=v${version}`,
  ];
}

function flags(family: Family): string[] {
  const linker = ["-s", "-w", ...versions[family].flatMap((value) => ["-X", value])];
  return [
    "-trimpath",
    "-buildvcs=false",
    ...(tags[family] ? [`-tags=${tags[family]}`] : []),
    "-ldflags",
    linker.join(" "),
  ];
}

/** Whether it is a program of this project's own, made of modules of others. */
const isOwn = (family: Family): boolean => existsSync(join(source, "tools", family, "main.go"));

/** Tests of others, that become a program called `e2e.test`. */
const isTest = (family: Family): boolean => existsSync(join(source, "tools", family, `${family}_test.go`));

async function build(family: Family, go: Go): Promise<void> {
  const instead = family === "pulumi" ? ` Or install pulumi ${pulumiVersion} or newer.` : "";
  const started = performance.now();
  let packages = 0;
  const heartbeat = setInterval(() => note(`${family}: ${packages} packages compiled, ${elapsed(started)}`), 20_000);
  const options: CommandOptions = {
    cwd: join(source, "tools", family),
    // -v names each package on a line of its own as it is compiled; messages hold spaces.
    onErrorLine: (line) => {
      if (!line.includes(" ")) packages++;
    },
    env: { ...go.env, CGO_ENABLED: NEEDS_C[family] ? "1" : "0", GOCACHE: goBuild, GOFLAGS: "", GOWORK: "off" },
    remedy: `If a module could not be fetched, check the network or GOPROXY. Then run this again: it continues where it stopped.${instead}`,
  };
  try {
    await makeDirectory(toolDirectory(family), async (fresh) => {
      await run(
        go.program,
        ["build", "-v", ...flags(family), "-o", `${fresh}/`, isOwn(family) ? "." : "tool"],
        options,
      );
      if (isTest(family))
        await run(go.program, ["test", "-c", "-v", ...flags(family), "-o", `${fresh}/`, "."], options);
    });
  } finally {
    clearInterval(heartbeat);
  }
}
