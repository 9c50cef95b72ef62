/** Annotations and labels that a tool acts on, wherever they are written: on an object, or over all objects of a tree. */
import type { Cursor } from "./cursor.ts";
import type { Review } from "./review.ts";

/** With one of these, as an annotation or as a label, a tool leaves the object in the cluster when it removes the others. */
export const RETAINING: Readonly<Record<string, string>> = {
  "kustomize.toolkit.fluxcd.io/prune": "disabled",
  "kustomize.toolkit.fluxcd.io/reconcile": "disabled",
  "helm.sh/resource-policy": "keep",
  "argocd.argoproj.io/sync-options": "prune=false",
  "pulumi.com/deletionPropagationPolicy": "orphan",
};

export function reportRetaining(review: Review, annotationsOrLabels: Cursor): void {
  if (annotationsOrLabels.absent) return;
  for (const [key, value] of Object.entries(RETAINING)) {
    const field = annotationsOrLabels.get(key);
    if (field.text?.toLowerCase() === value) review.report(field, "keeps the object when the test goes");
  }
}

/** By these a container runtime, a network plugin or a device plugin gives a pod more than its spec says. Prefixes. */
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

/** The old ways to say what a security context says, which the kubelet still reads. Prefixes. */
export const SECCOMP_ANNOTATIONS: readonly string[] = [
  "seccomp.security.alpha.kubernetes.io/",
  "container.seccomp.security.alpha.kubernetes.io/",
];
export const APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/";

/** Profiles that confine, in such an annotation; any profile of the node does as well. */
export const CONFINING = ["runtime/default", "docker/default"] as const;
export const LOCAL_PROFILE = "localhost/";

export function reportUnconfining(review: Review, annotations: Cursor): void {
  for (const annotation of annotations.entries()) {
    const key = String(annotation.key);
    const begins = (prefix: string) => key.startsWith(prefix);
    if (RUNTIME_ANNOTATIONS.some(begins)) review.report(annotation, "tells the runtime to give the pod more");
    const value = annotation.text ?? "";
    const confined = CONFINING.some((profile) => profile === value) || value.startsWith(LOCAL_PROFILE);
    if (annotation.unknown || confined) continue;
    if (SECCOMP_ANNOTATIONS.some(begins)) review.report(annotation, "switches seccomp off");
    if (begins(APPARMOR_ANNOTATION)) review.report(annotation, "switches AppArmor off");
  }
}
