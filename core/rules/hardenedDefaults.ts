import { confinementFaults } from "./annotations.ts";
import type { At } from "./at.ts";
import { writtenOver } from "./gitops.ts";
import type { Look } from "./look.ts";
import type { ContainerPlace } from "./pods.ts";
import type { Rule } from "./rule.ts";

/** Pod Security Standards, baseline: sysctls that stay within the pod. */
export const SAFE_SYSCTLS: ReadonlySet<string> = new Set([
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.ping_group_range",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_syncookies",
]);

/** Pod Security Standards, baseline: the SELinux types of containers. */
export const SELINUX_TYPES: ReadonlySet<string> = new Set([
  "container_t",
  "container_init_t",
  "container_kvm_t",
  "container_engine_t",
]);

const PROFILES: ReadonlySet<unknown> = new Set(["RuntimeDefault", "Localhost"]);
export const hardenedDefaults: Rule = {
  id: "hardened-defaults",
  severity: "high",
  title: "The container runtime's own protection stays on.",
  remedy:
    "use seccompProfile RuntimeDefault and leave AppArmor, SELinux, procMount, sysctls, hostProcess and the runtime as they are",
  check(look) {
    for (const pod of look.pods()) {
      const context = pod.spec.get("securityContext");
      shared(look, context);
      for (const sysctl of context.get("sysctls").items()) {
        const name = sysctl.get("name");
        if (!name.unknown && !SAFE_SYSCTLS.has(name.text ?? "")) look.fault(name, "reaches beyond the pod");
      }
      confinementFaults(look, pod.pod.dig("metadata", "annotations"));
      const runtime = pod.spec.get("runtimeClassName");
      if (!runtime.empty) look.fault(runtime, "chooses another runtime, with a protection of its own");
      for (const container of pod.containers) {
        shared(look, container.at.get("securityContext"));
        seccomp(look, context, container);
        procMount(look, container);
      }
    }
    for (const written of writtenOver(look)) confinementFaults(look, written);
  },
};

/** What a pod's and a container's security context have in common. */
function shared(look: Look, context: At): void {
  const profile = context.dig("seccompProfile", "type");
  if (!profile.absent && !PROFILES.has(profile.value)) look.fault(profile, "switches seccomp off");
  const appArmor = context.dig("appArmorProfile", "type");
  if (!appArmor.absent && !PROFILES.has(appArmor.value)) look.fault(appArmor, "switches AppArmor off");
  const selinux = context.get("seLinuxOptions");
  const type = selinux.get("type");
  if (!type.empty && !SELINUX_TYPES.has(type.text ?? "?")) look.fault(type, "is no container's SELinux type");
  for (const key of ["user", "role"])
    if (!selinux.get(key).empty) look.fault(selinux.get(key), "changes the SELinux identity");
  const hostProcess = context.dig("windowsOptions", "hostProcess");
  if (!hostProcess.off) look.fault(hostProcess, "runs on the node itself");
}

/** Without a profile a container runs unconfined, unless the kubelet was told otherwise. */
function seccomp(look: Look, ofPod: At, { at, list }: ContainerPlace): void {
  const context = at.get("securityContext");
  // The runtime confines no privileged container, and who may be one is another rule's.
  if (context.get("privileged").value === true || list === "ephemeralContainers") return;
  const type = context.dig("seccompProfile", "type");
  if (type.absent && ofPod.dig("seccompProfile", "type").absent)
    look.fault(type, "leaves seccomp to the kubelet's flag");
}

function procMount(look: Look, { at }: ContainerPlace): void {
  const mount = at.dig("securityContext", "procMount");
  if (!mount.empty && mount.value !== "Default") look.fault(mount, "uncovers parts of /proc");
}
