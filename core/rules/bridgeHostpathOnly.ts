import { MOUNT_NAME } from "../contract/bridge.ts";
import { type Allowed, bridgeParentOf, bridgesOf } from "./allowed.ts";
import { celLiteral, lines } from "./cel.ts";
import type { Cursor } from "./cursor.ts";
import { type PodView, volumeOf } from "./pods.ts";
import type { Review } from "./review.ts";
import { roleOf, subPathPods } from "./roles.ts";
import { inContainers, type Rule, values } from "./rule.ts";
import { shapeOf } from "./subject.ts";

/** Volumes that hold nothing of a node, of a network or of a driver. */
const HARMLESS_VOLUMES: readonly string[] = ["emptyDir", "configMap", "secret", "downwardAPI", "projected"];

/** Resources that are no devices of a node. */
const PLAIN_RESOURCES: readonly string[] = ["cpu", "memory", "ephemeral-storage"];

const DIRECTORY_TYPES: readonly string[] = ["", "Directory", "DirectoryOrCreate"];
const SUB_PATHS = ["subPath", "subPathExpr"] as const;
const AMOUNTS = ["limits", "requests"] as const;
/** Sources of a PersistentVolume that lead to a node, besides hostPath. */
const NODE_SOURCES = ["local", "csi", "flexVolume"] as const;

export const bridgeHostpathOnly: Rule = {
  id: "bridge-hostpath-only",
  severity: "critical",
  title: "Of a node's files, pods see the bridge directory and nothing else.",
  remedy: "mount the bridge itself as hostPath; for anything else use emptyDir or a config map",
  restrictions: [
    {
      fields: ["spec.volumes[*].hostPath.path", "spec.hostPath.path"],
      allowed:
        "the bridge, or the directory below it of a scenario with a pair of its own, or the mount point in that of `leaf-restart`; in `fuse-sweep-check` the bridge's parent",
    },
    {
      fields: ["spec.volumes[*].hostPath.type", "spec.hostPath.type"],
      allowed: `not set, empty, ${values(DIRECTORY_TYPES.filter(Boolean))}`,
    },
    { fields: ["spec.volumes[*].*"], allowed: `\`hostPath\`, ${values(HARMLESS_VOLUMES)}` },
    {
      fields: [inContainers(`volumeMounts[*].{${SUB_PATHS.join(",")}}`)],
      allowed: `not set, empty; anything where the volume is no hostPath; subPath \`${MOUNT_NAME}\` in ${values(subPathPods({ nodes: [] }))}`,
    },
    { fields: [inContainers("volumeDevices")], allowed: "not set, empty" },
    { fields: ["spec.resourceClaims", "spec.resources.claims", inContainers("resources.claims")], allowed: "not set" },
    {
      fields: [`spec.resources.{${AMOUNTS.join(",")}}[*]`, inContainers(`resources.{${AMOUNTS.join(",")}}[*]`)],
      allowed: values(PLAIN_RESOURCES),
    },
    { fields: [`spec.{${NODE_SOURCES.join(",")}}`], allowed: "not set, in a PersistentVolume" },
    { fields: ["spec.volumeClaimTemplates"], allowed: "not set, empty, in a StatefulSet" },
  ],
  check(review) {
    for (const pod of review.pods()) {
      for (const volume of pod.spec.get("volumes").items()) reportVolume(review, pod, volume);
      const ofPod = pod.spec.get("resourceClaims");
      if (!ofPod.empty) review.reportWithoutValue(ofPod, "claims devices of the node");
      reportDevices(review, pod.spec.get("resources"));
      for (const { fields } of pod.containers) {
        reportDevices(review, fields.get("resources"));
        const devices = fields.get("volumeDevices");
        if (!devices.empty) review.report(devices, "gives the container a block device");
        for (const mount of fields.get("volumeMounts").items()) reportSubPath(review, pod, mount);
      }
    }
    if (shapeOf(review.subject) === "PersistentVolume") reportPersistentVolume(review);
    const claims = review.object.dig("spec", "volumeClaimTemplates");
    if (shapeOf(review.subject) === "StatefulSet" && !claims.empty)
      review.report(claims, "claims volumes that may lie in a directory of a node");
  },
  cel: {
    pods: (allowed) => [volumesInCel(allowed), mountsInCel(allowed), DEVICES_IN_CEL],
    beyond: "PersistentVolumes lie in no namespace; StatefulSets are denied by `known-kinds-only`.",
  },
};

function reportVolume(review: Review, pod: PodView, volume: Cursor): void {
  const hostPath = volume.get("hostPath");
  if (!hostPath.absent) reportHostPath(review, hostPath, roleOf(review, pod) === "sweep-check");
  for (const source of volume.entries()) {
    const key = String(source.key);
    if (source.absent || source.unknown || ["name", "hostPath", ...HARMLESS_VOLUMES].includes(key)) continue;
    review.reportWithoutValue(source, "may reach a directory of a node, or beyond it");
  }
}

/** Device plugins give what is asked for under their names, huge pages too are taken from the node's own. */
function reportDevices(review: Review, resources: Cursor): void {
  if (!resources.get("claims").empty) review.reportWithoutValue(resources.get("claims"), "claims devices of the node");
  for (const key of AMOUNTS)
    for (const amount of resources.get(key).entries())
      if (!PLAIN_RESOURCES.includes(String(amount.key))) review.report(amount, "asks for a device of the node");
}

/** @param parent whether the bridge's parent is meant: the sweep removes the bridge from there */
function reportHostPath(review: Review, hostPath: Cursor, parent: boolean): void {
  const path = hostPath.get("path");
  const wanted = parent ? [bridgeParentOf(review.allowed)] : bridgesOf(review.allowed);
  if (!path.unknown && (path.text === undefined || !wanted.includes(cleaned(path.text) ?? "")))
    review.report(path, `is not the bridge ${wanted[0]}`);
  const type = hostPath.get("type");
  if (!type.absent && !type.unknown && !DIRECTORY_TYPES.some((one) => one === type.value))
    review.report(type, "is no directory");
}

/** The path without empty and `.` parts; undefined with `..`, which Kubernetes refuses and symlinks make ambiguous. */
function cleaned(path: string): string | undefined {
  if (!path.startsWith("/")) return undefined;
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return parts.includes("..") ? undefined : `/${parts.join("/")}`;
}

/** A path below the bridge is followed on the node: a symlink there leads out of it. One scenario asks what becomes of that. */
function reportSubPath(review: Review, pod: PodView, mount: Cursor): void {
  if (volumeOf(pod, mount)?.get("hostPath").absent ?? true) return;
  for (const key of SUB_PATHS) {
    const path = mount.get(key);
    if (key === "subPath" && path.text === MOUNT_NAME && isOfSubPath(review, pod)) continue;
    if (!path.empty && !path.unknown) review.report(path, "follows a path on the node");
  }
}

/** Whether it is the pod of the scenario that asks what becomes of a subPath. */
const isOfSubPath = (review: Review, pod: PodView): boolean =>
  roleOf(review, pod) === "consumer" && subPathPods(review.allowed).includes(review.name);

function reportPersistentVolume(review: Review): void {
  const spec = review.object.get("spec");
  const hostPath = spec.get("hostPath");
  if (!hostPath.absent) reportHostPath(review, hostPath, false);
  for (const key of NODE_SOURCES) {
    const source = spec.get(key);
    if (!source.absent && !source.unknown) review.reportWithoutValue(source, "reaches a directory of a node");
  }
}

/** reportVolume. */
function volumesInCel(allowed: Allowed): string {
  const parent = celLiteral(spellings([bridgeParentOf(allowed)]));
  return lines(
    "variables.volumes.all(v, has(v.hostPath)",
    `  ? v.hostPath.path.matches(variables.sweeps ? ${parent} : ${celLiteral(spellings(bridgesOf(allowed)))})`,
    `    && v.hostPath.?type.orValue('') in ${celLiteral(DIRECTORY_TYPES)}`,
    `  : ${HARMLESS_VOLUMES.map((key) => `has(v.${key})`).join(" || ")})`,
  );
}

/** As a pattern, every spelling of these paths that `cleaned` leads back to them. */
function spellings(paths: readonly string[]): string {
  const between = "/+(\\./+)*";
  const one = (path: string) =>
    path
      .split("/")
      .filter(Boolean)
      .map((part) => between + part.replaceAll(".", "\\."))
      .join("");
  return `^(${paths.map(one).join("|")})(${between}\\.?)?$`;
}

/** reportSubPath, and the block devices. */
function mountsInCel(allowed: Allowed): string {
  const none = SUB_PATHS.map((key) => `m.?${key}.orValue('') == ''`);
  const own = `(m.?subPath.orValue('') == ${celLiteral(MOUNT_NAME)} && variables.name in ${celLiteral(subPathPods(allowed))})`;
  return lines(
    "variables.containers.all(c, c.?volumeDevices.orValue([]).size() == 0",
    "  && c.?volumeMounts.orValue([]).all(m, !(m.name in variables.hostVolumes)",
    `    || ((${none[0]} || ${own}) && ${none[1]})))`,
  );
}

const plainAmounts = (of: string): string[] =>
  AMOUNTS.map((key) => `&& ${of}.?resources.?${key}.orValue({}).all(k, k in ${celLiteral(PLAIN_RESOURCES)})`);

/** reportDevices. An older API server knows no resources of a whole pod, hence the `?` in front of them. */
const DEVICES_IN_CEL = lines(
  "object.spec.?resourceClaims.orValue([]).size() == 0",
  "&& variables.containers.all(c, c.?resources.?claims.orValue([]).size() == 0",
  ...plainAmounts("c").map((one) => `  ${one}`),
  ")",
  ...plainAmounts("object.?spec"),
);
