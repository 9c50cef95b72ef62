/** The container runtimes that the sandbox's nodes can have. */
import { SYSTEM_PATH } from "../box/box.ts";
import { type Family, pathInBox } from "./tools.ts";

interface Runtime {
  /** For the help. */
  readonly what: string;
  /** What is compiled for it. */
  readonly families: readonly Family[];
  /** Debian package -> what is used of it. */
  readonly packages: Readonly<Record<string, string>>;
}

export const RUNTIMES = {
  "containerd-2": {
    what: "containerd 2 and runc, compiled from their Go modules",
    families: ["containerd", "runc"],
    packages: {},
  },
  "containerd-1.6": {
    what: "the distribution's containerd and runc (1.6 on Debian 12)",
    families: [],
    packages: { containerd: "containerd and ctr", runc: "runc" },
  },
  crun: {
    what: "the distribution's containerd and crun, in a virtual machine only: crun wants control groups of one version",
    families: [],
    packages: { containerd: "containerd and ctr", runc: "runc, on the node that is no virtual machine" },
  },
} as const satisfies Readonly<Record<string, Runtime>>;

export type RuntimeName = keyof typeof RUNTIMES;

/** The first is the default: k3s 1.31 and later come with containerd 2. */
export const RUNTIME_NAMES = Object.keys(RUNTIMES) as [RuntimeName, ...RuntimeName[]];

/** A program of the runtime: its path in a box where it was compiled, else its name. */
export function runtimeProgram(runtime: RuntimeName, program: "containerd" | "ctr"): string {
  return RUNTIMES[runtime].families.length > 0 ? pathInBox("containerd", program) : program;
}

/** The runtime's own command for the images that its kubelet knows, which are those of the namespace k8s.io. */
export const imagesCommand = (runtime: RuntimeName, ...words: readonly string[]): readonly string[] => [
  runtimeProgram(runtime, "ctr"),
  "--namespace=k8s.io",
  "images",
  ...words,
];

export const importCommand = (runtime: RuntimeName, archive: string): readonly string[] =>
  imagesCommand(runtime, "import", "--snapshotter=overlayfs", archive);

/** The daemon and its options; it looks for its shim and for runc on PATH. Part of the fingerprint. */
export function runtimeCommand(runtime: RuntimeName, config: string): readonly string[] {
  const folders = RUNTIMES[runtime].families.map((family) => pathInBox(family));
  const path = folders.length > 0 ? ["env", `PATH=${[...folders, SYSTEM_PATH].join(":")}`] : [];
  return [...path, runtimeProgram(runtime, "containerd"), `--config=${config}`, "--log-level=warn"];
}
