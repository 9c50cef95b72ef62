/** Annotations and labels that a tool acts on, wherever they are written: on an object, or over all objects of a tree. */
import type { At } from "./at.ts";
import type { Look } from "./look.ts";

/** What makes a tool leave an object behind, as an annotation or as a label. */
export const KEEPERS: Readonly<Record<string, string>> = {
  "kustomize.toolkit.fluxcd.io/prune": "disabled",
  "kustomize.toolkit.fluxcd.io/reconcile": "disabled",
  "helm.sh/resource-policy": "keep",
  "argocd.argoproj.io/sync-options": "prune=false",
  "pulumi.com/deletionPropagationPolicy": "orphan",
};

export function keeperFaults(look: Look, annotationsOrLabels: At): void {
  if (annotationsOrLabels.absent) return;
  for (const [key, value] of Object.entries(KEEPERS)) {
    const at = annotationsOrLabels.get(key);
    if (at.text?.toLowerCase() === value) look.fault(at, "keeps the object when the test goes");
  }
}

/**
 * What tells a container runtime, a network plugin or a device plugin to give a pod more than its spec says. Prefixes; the
 * admission policies read the same list.
 */
export const RUNTIME_ANNOTATIONS: readonly string[] = [
  "cdi.k8s.io/",
  "com.github.containers.",
  "cpu-c-states.crio.io",
  "cpu-freq-governor.crio.io",
  "cpu-load-balancing.crio.io",
  "cpu-quota.crio.io",
  "cpu-shared.crio.io",
  "devices.crio.io",
  "io.containerd.",
  "io.containers.",
  "io.katacontainers.",
  "io.kubernetes.cri-o.",
  "io.kubernetes.cri.",
  "irq-load-balancing.crio.io",
  "k8s.v1.cni.cncf.io/networks",
  "link-logs.crio.io",
  "platform-runtime-path.crio.io",
  "run.oci.",
  "seccomp-profile.kubernetes.cri-o.io",
  "shm-size.crio.io",
  "stop-signal.crio.io",
  "try-skip-volume-selinux-label.crio.io",
  "umask.crio.io",
  "userns-mode.crio.io",
  "v2.multus-cni.io/",
  "v1.multus-cni.io/",
];

/** The old ways to say what a security context says, which the kubelet still reads. */
export const SECCOMP_ANNOTATIONS: readonly string[] = [
  "seccomp.security.alpha.kubernetes.io/",
  "container.seccomp.security.alpha.kubernetes.io/",
];
export const APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/";

export function confinementFaults(look: Look, annotations: At): void {
  for (const annotation of annotations.entries()) {
    const key = String(annotation.key);
    const begins = (prefix: string) => key.startsWith(prefix);
    if (RUNTIME_ANNOTATIONS.some(begins)) look.fault(annotation, "tells the runtime to give the pod more");
    const value = annotation.text ?? "";
    const confined = value === "runtime/default" || value === "docker/default" || value.startsWith("localhost/");
    if (annotation.unknown || confined) continue;
    if (SECCOMP_ANNOTATIONS.some(begins)) look.fault(annotation, "switches seccomp off");
    if (begins(APPARMOR_ANNOTATION)) look.fault(annotation, "switches AppArmor off");
  }
}
