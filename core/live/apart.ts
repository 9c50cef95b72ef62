/** A daemon and a reader who are named, and between whom nothing can cross. */
import type { Quote } from "../diagnosis/causes/cause.ts";
import { sharedMounts } from "../layout/pairs.ts";
import { workloadsOf } from "../layout/workload.ts";
import type { Facts, LivePod } from "./facts.ts";
import { type Links, type Question, related } from "./links.ts";
import { fileOf, manifestsOf } from "./pods.ts";
import type { LiveFinding } from "./proof.ts";
import { causeOf } from "./words.ts";

export function apart({ pods }: Facts, { links }: Links, { producer, reader, path }: Question): LiveFinding[] {
  if (links.length > 0 || producer === undefined || reader === undefined) return [];
  const [theirs, own] = [producer, reader].map((object) => pods.find(({ owner }) => owner.object === object));
  if (!theirs || !own) return [];
  const { message, fix } = said(theirs, own, path);
  return [
    {
      ...{ id: "bridge-not-hostpath", severity: "error", file: fileOf(own), object: reader, path: "spec.volumes" },
      ...{ message, fix, basis: "inference", evidence: [volumesOf(theirs), volumesOf(own)] },
    },
  ];
}

function said(theirs: LivePod, own: LivePod, path: string | undefined): { message: string; fix: string } {
  const both = `${own.owner.object} and ${theirs.owner.object}`;
  const [daemon, reader] = [theirs, own].map((one) => workloadsOf(manifestsOf([one]))[0]);
  const paths = daemon && reader ? [...new Set(sharedMounts(reader, daemon).map((mount) => mount.path))] : [];
  const at = paths.join(", ");
  if (paths.length === 0)
    return {
      message: `${both} have no directory in common: nothing that one mounts can come to the other.`,
      fix: causeOf("bridge-not-hostpath")?.fix ?? "",
    };
  if (path !== undefined && !paths.some((one) => related(one, path)))
    return {
      message: `nothing at ${path}: what ${both} share is at ${at}`,
      fix: `Name that with --path, or leave --path out; or give both pods the directory at ${path} as a hostPath.`,
    };
  return {
    message: `${both} share what is at ${at}, and the daemon mounts nothing there.`,
    fix: "Have the daemon mount below the directory that both have, or give the reader the one in which the daemon mounts.",
  };
}

const volumesOf = ({ name, pod }: LivePod): Quote => ({
  source: `spec of ${name}`,
  text: `volumes: ${(pod.spec?.volumes ?? []).map(({ name, hostPath, persistentVolumeClaim: claim }) => `${name}: ${hostPath?.path ?? claim?.claimName ?? "no hostPath and no claim"}`).join(", ")}`,
});
