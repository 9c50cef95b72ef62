import {
  APPARMOR_ANNOTATION,
  CONFINING,
  LOCAL_PROFILE,
  RUNTIME_ANNOTATIONS,
  reportUnconfining,
  SECCOMP_ANNOTATIONS,
} from "./annotations.ts";
import { celLiteral, lines } from "./cel.ts";
import type { Cursor } from "./cursor.ts";
import { WRITTEN_OVER, writtenOver } from "./gitops.ts";
import type { ContainerView } from "./pods.ts";
import type { Review } from "./review.ts";
import { inContainers, type Rule, values } from "./rule.ts";

/** Pod Security Standards, baseline: sysctls that stay within the pod. */
const SAFE_SYSCTLS: readonly string[] = [
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
];

/** Pod Security Standards, baseline: the SELinux types of containers. */
const SELINUX_TYPES: readonly string[] = ["container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
const SELINUX_IDENTITY = ["user", "role"] as const;

const PROFILES: readonly unknown[] = ["RuntimeDefault", "Localhost"];
const PROC_MOUNT = "Default";
const CONFINEMENT_ANNOTATIONS = [...SECCOMP_ANNOTATIONS, APPARMOR_ANNOTATION];

const inContext = (path: string): string[] => [`spec.securityContext.${path}`, inContainers(`securityContext.${path}`)];

export const hardenedDefaults: Rule = {
  id: "hardened-defaults",
  severity: "high",
  title: "The container runtime's own protection stays on.",
  remedy:
    "use seccompProfile RuntimeDefault and leave AppArmor, SELinux, procMount, sysctls, hostProcess and the runtime as they are",
  restrictions: [
    {
      fields: inContext("seccompProfile.type"),
      allowed: "`RuntimeDefault`, `Localhost`; set for the pod or for each of its unprivileged containers",
    },
    { fields: inContext("appArmorProfile.type"), allowed: "not set, `RuntimeDefault`, `Localhost`" },
    { fields: inContext("seLinuxOptions.type"), allowed: `not set, empty, ${values(SELINUX_TYPES)}` },
    { fields: inContext(`seLinuxOptions.{${SELINUX_IDENTITY.join(",")}}`), allowed: "not set, empty" },
    { fields: inContext("windowsOptions.hostProcess"), allowed: "not set, `false`" },
    { fields: ["spec.securityContext.sysctls[*].name"], allowed: values(SAFE_SYSCTLS) },
    { fields: [inContainers("securityContext.procMount")], allowed: `not set, empty, \`${PROC_MOUNT}\`` },
    { fields: ["spec.runtimeClassName"], allowed: "not set, empty" },
    {
      fields: ["metadata.annotations[*]", ...WRITTEN_OVER],
      allowed: `${values(CONFINEMENT_ANNOTATIONS)}: ${values(CONFINING)}, \`${LOCAL_PROFILE}...\`; none that begins with ${values(RUNTIME_ANNOTATIONS)}`,
    },
  ],
  check(review) {
    for (const { root, spec, containers } of review.pods()) {
      const context = spec.get("securityContext");
      reportContext(review, context);
      for (const sysctl of context.get("sysctls").items()) {
        const name = sysctl.get("name");
        if (!name.unknown && !SAFE_SYSCTLS.includes(name.text ?? "")) review.report(name, "reaches beyond the pod");
      }
      reportUnconfining(review, root.dig("metadata", "annotations"));
      const runtime = spec.get("runtimeClassName");
      if (!runtime.empty) review.report(runtime, "chooses another runtime, with a protection of its own");
      for (const container of containers) {
        reportContext(review, container.fields.get("securityContext"));
        reportSeccomp(review, context, container);
        reportProcMount(review, container);
      }
    }
    for (const written of writtenOver(review)) reportUnconfining(review, written);
  },
  cel: {
    pods: () => [...contexts(), seccompSet(), annotations()],
    beyond: "What Flux and kustomize write over all objects is seen on each of them.",
  },
};

/** What a pod's and a container's security context have in common. */
function reportContext(review: Review, context: Cursor): void {
  const profile = context.dig("seccompProfile", "type");
  if (!profile.absent && !PROFILES.includes(profile.value)) review.report(profile, "switches seccomp off");
  const appArmor = context.dig("appArmorProfile", "type");
  if (!appArmor.absent && !PROFILES.includes(appArmor.value)) review.report(appArmor, "switches AppArmor off");
  const selinux = context.get("seLinuxOptions");
  const type = selinux.get("type");
  if (!type.empty && !SELINUX_TYPES.includes(type.text ?? "")) review.report(type, "is no container's SELinux type");
  for (const key of SELINUX_IDENTITY)
    if (!selinux.get(key).empty) review.report(selinux.get(key), "changes the SELinux identity");
  const hostProcess = context.dig("windowsOptions", "hostProcess");
  if (!hostProcess.off) review.report(hostProcess, "runs on the node itself");
}

/** Without a profile a container runs unconfined, unless the kubelet is configured otherwise. */
function reportSeccomp(review: Review, ofPod: Cursor, { fields, list }: ContainerView): void {
  const context = fields.get("securityContext");
  // The runtime confines no privileged container, and who may be one is another rule's.
  if (context.get("privileged").value === true || list === "ephemeralContainers") return;
  const type = context.dig("seccompProfile", "type");
  if (type.absent && ofPod.dig("seccompProfile", "type").absent)
    review.report(type, "leaves seccomp to the kubelet's flag");
}

function reportProcMount(review: Review, { fields }: ContainerView): void {
  const mount = fields.dig("securityContext", "procMount");
  if (!mount.empty && mount.value !== PROC_MOUNT) review.report(mount, "uncovers parts of /proc");
}

const and = (...parts: readonly string[]): string => parts.join("\n&& ");

/** reportContext, of the pod and of its containers. */
function contexts(): string[] {
  const shared = (context: string): string[] => [
    ...["seccompProfile", "appArmorProfile"].map(
      (profile) => `${context}.?${profile}.?type.orValue('RuntimeDefault') in ${celLiteral(PROFILES as string[])}`,
    ),
    `${context}.?seLinuxOptions.?type.orValue('') in ${celLiteral(["", ...SELINUX_TYPES])}`,
    ...SELINUX_IDENTITY.map((key) => `${context}.?seLinuxOptions.?${key}.orValue('') == ''`),
    `!${context}.?windowsOptions.?hostProcess.orValue(false)`,
  ];
  const ofContainer = [
    ...shared("c.?securityContext"),
    `c.?securityContext.?procMount.orValue('${PROC_MOUNT}') == '${PROC_MOUNT}'`,
  ];
  return [
    and(
      ...shared("object.spec.?securityContext"),
      `object.spec.?securityContext.?sysctls.orValue([]).all(s, s.name in ${celLiteral(SAFE_SYSCTLS)})`,
    ),
    `variables.containers.all(c, ${ofContainer.join("\n  && ")})`,
  ];
}

/** reportSeccomp. */
const seccompSet = (): string =>
  lines(
    "has(object.spec.securityContext) && has(object.spec.securityContext.seccompProfile)",
    "|| (object.spec.containers + variables.init).all(c, c.?securityContext.?privileged.orValue(false)",
    "  || c.?securityContext.?seccompProfile.hasValue())",
  );

/** reportUnconfining. */
const annotations = (): string =>
  and(
    lines(
      "object.metadata.?annotations.orValue({}).all(k,",
      `  !${celLiteral(CONFINEMENT_ANNOTATIONS)}.exists(p, k.startsWith(p))`,
      `  || object.metadata.annotations[k] in ${celLiteral([...CONFINING])}`,
      `  || object.metadata.annotations[k].startsWith('${LOCAL_PROFILE}'))`,
    ),
    lines(
      "object.metadata.?annotations.orValue({}).all(k,",
      `  !${celLiteral(RUNTIME_ANNOTATIONS)}.exists(p, k.startsWith(p)))`,
    ),
    "object.spec.?runtimeClassName.orValue('') == ''",
  );
