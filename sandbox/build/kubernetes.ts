/** The versions of Kubernetes that the sandbox can run. */
import { type Family, pathInBox } from "./tools.ts";

interface Version {
  /** For the help. */
  readonly what: string;
  /** Its programs; sandbox/tools has the pinned version. */
  readonly family: Family;
}

export const KUBERNETES = {
  "1.34": { what: "the default; Kubernetes supported it until 2026-10-27", family: "kubernetes" },
  "1.35": { what: "the oldest that Kubernetes supports: until 2027-02-28", family: "kubernetes-1.35" },
  "1.37": { what: "the newest", family: "kubernetes-1.37" },
} as const satisfies Readonly<Record<string, Version>>;

export type KubernetesVersion = keyof typeof KUBERNETES;

/** The first is the default, and the only one that is compiled before somebody asks for it. */
export const KUBERNETES_VERSIONS = Object.keys(KUBERNETES) as [KubernetesVersion, ...KubernetesVersion[]];

export type ToolPaths = Readonly<
  Record<"etcd" | "kube-apiserver" | "kube-controller-manager" | "kube-scheduler" | "kubelet", string>
>;

/** The programs' paths inside a box. */
export function toolPaths(version: KubernetesVersion): ToolPaths {
  const { family } = KUBERNETES[version];
  return {
    etcd: pathInBox("etcd", "server"),
    "kube-apiserver": pathInBox(family, "kube-apiserver"),
    "kube-controller-manager": pathInBox(family, "kube-controller-manager"),
    "kube-scheduler": pathInBox(family, "kube-scheduler"),
    kubelet: pathInBox(family, "kubelet"),
  };
}
