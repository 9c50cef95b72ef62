import { APPARMOR_ANNOTATION, KEEPERS, RUNTIME_ANNOTATIONS, SECCOMP_ANNOTATIONS } from "../rules/annotations.ts";
import { boundedLifetime } from "../rules/boundedLifetime.ts";
import { boundedResources, MOST } from "../rules/boundedResources.ts";
import { hardenedDefaults, SAFE_SYSCTLS, SELINUX_TYPES } from "../rules/hardenedDefaults.ts";
import { noServiceAccountToken } from "../rules/noServiceAccountToken.ts";
import { pinnedImages } from "../rules/pinnedImages.ts";
import { cel, lines, validation } from "./cel.ts";
import type { Validation } from "./types.ts";

const PROFILES = "['RuntimeDefault', 'Localhost']";

/** What a pod's and a container's security context have in common; `s` is an optional one. */
const shared = (s: string): string[] => [
  `${s}.?seccompProfile.?type.orValue('RuntimeDefault') in ${PROFILES}`,
  `${s}.?appArmorProfile.?type.orValue('RuntimeDefault') in ${PROFILES}`,
  `${s}.?seLinuxOptions.?type.orValue('') in ${cel(["", ...SELINUX_TYPES])}`,
  `${s}.?seLinuxOptions.?user.orValue('') == ''`,
  `${s}.?seLinuxOptions.?role.orValue('') == ''`,
  `!${s}.?windowsOptions.?hostProcess.orValue(false)`,
];

/** The rules that ask for the runtime's own protection and for bounds. */
export function defaultsValidations(): Validation[] {
  return [
    ...hardened(),
    validation(noServiceAccountToken, "!object.spec.?automountServiceAccountToken.orValue(true)"),
    validation(
      noServiceAccountToken,
      lines(
        "variables.volumes.all(v, !has(v.secret) && v.?projected.?sources.orValue([]).all(s,",
        "  !has(s.serviceAccountToken) && !has(s.secret) && !('podCertificate' in s)))",
        "&& variables.containers.all(c, c.?envFrom.orValue([]).all(e, !has(e.secretRef))",
        "  && c.?env.orValue([]).all(e, !e.?valueFrom.?secretKeyRef.hasValue()))",
      ),
    ),
    validation(pinnedImages, images),
    validation(boundedResources, limits),
    validation(boundedLifetime, lifetime),
  ];
}

function hardened(): Validation[] {
  const say = (...parts: readonly string[]) => validation(hardenedDefaults, parts.join("\n&& "));
  return [
    say(
      ...shared("object.spec.?securityContext"),
      `object.spec.?securityContext.?sysctls.orValue([]).all(s, s.name in ${cel([...SAFE_SYSCTLS])})`,
    ),
    say(
      `variables.containers.all(c, ${[...shared("c.?securityContext"), "c.?securityContext.?procMount.orValue('Default') == 'Default'"].join("\n  && ")})`,
    ),
    // The runtime confines no privileged container, and who may be one is another rule's.
    say(
      lines(
        "has(object.spec.securityContext) && has(object.spec.securityContext.seccompProfile)",
        "|| (object.spec.containers + variables.init).all(c, c.?securityContext.?privileged.orValue(false)",
        "  || c.?securityContext.?seccompProfile.hasValue())",
      ),
    ),
    say(
      lines(
        "object.metadata.?annotations.orValue({}).all(k,",
        `  !${cel([...SECCOMP_ANNOTATIONS, APPARMOR_ANNOTATION])}.exists(p, k.startsWith(p))`,
        "  || object.metadata.annotations[k] in ['runtime/default', 'docker/default']",
        "  || object.metadata.annotations[k].startsWith('localhost/'))",
      ),
      lines(
        "object.metadata.?annotations.orValue({}).all(k,",
        `  !${cel([...RUNTIME_ANNOTATIONS])}.exists(p, k.startsWith(p)))`,
      ),
      "object.spec.?runtimeClassName.orValue('') == ''",
    ),
  ];
}

/** core/settings/validators.ts, imageFault. */
const images = lines(
  "variables.containers.all(c, c.image.matches('^[a-z0-9][A-Za-z0-9._:/@-]*$') && (",
  "  c.image.matches('@sha256:[0-9a-f]{64}$') || (!c.image.contains('@')",
  "    && c.image.matches(':[A-Za-z0-9_][A-Za-z0-9._-]*$') && !c.image.endsWith(':latest'))))",
);

const limits = (["cpu", "memory"] as const)
  .map((key) => {
    const limit = (of: string) => `${of}.?resources.?limits[?'${key}']`;
    const amount = (of: string) => `quantity(string(${limit(of)}.orValue('0')))`;
    const bounded = (of: string) =>
      `${amount(of)}.isGreaterThan(quantity('0')) && ${amount(of)}.compareTo(quantity('${MOST[key]}')) <= 0`;
    const ofPod = `!${limit("c")}.hasValue() && ${bounded("object.?spec")}`;
    return `(object.spec.containers + variables.init).all(c, (${bounded("c")}) || (${ofPod}))`;
  })
  .join("\n&& ")
  .concat("\n&& object.spec.?priorityClassName.orValue('') == '' && object.spec.?priority.orValue(0) <= 0");

const lifetime = lines(
  "object.spec.?activeDeadlineSeconds.orValue(0) >= 1 && object.spec.?activeDeadlineSeconds.orValue(0) <= 86700",
  "&& object.spec.?terminationGracePeriodSeconds.orValue(30) <= 60",
  "&& object.metadata.?finalizers.orValue([]).size() == 0",
  ...Object.entries(KEEPERS).flatMap(([key, value]) =>
    ["annotations", "labels"].map(
      (kind) => `&& object.metadata.?${kind}[?${cel(key)}].orValue('').lowerAscii() != ${cel(value)}`,
    ),
  ),
);
