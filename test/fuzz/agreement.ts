/** One pod, judged by the rules and by an API server where the admission policies are in force. */
import { isDeepStrictEqual } from "node:util";
import { type Allowed, violationsOf } from "../../core/rules/index.ts";
import type { Fields } from "../core/rules/fixtures.ts";
import type { Pod } from "./pods.ts";

/** What the API server makes of a pod: `stored` is what it would keep of it, `invalid` what Kubernetes itself refuses. */
export type Answer =
  | { readonly says: "admits"; readonly stored: object }
  | { readonly says: "denies" }
  | { readonly says: "invalid" };

export interface Judged {
  readonly says: Answer["says"];
  /** How rules and API server differ; undefined where they agree. */
  readonly differ: string | undefined;
}

/**
 * The rules judge the pod as it is written, the API server as it will store it: without the fields of features that are off. So
 * the rules must refuse what is denied, and find nothing in what would be stored of a pod that is admitted. Where they find
 * something in an admitted pod as it is written, it must be in such fields alone: without them, the same is stored.
 *
 * @param ask what the API server says of a pod, which it does not keep
 * @param minor its version: 34 is 1.34
 */
export async function askBoth(
  sent: Pod,
  allowed: Allowed,
  ask: (pod: object) => Promise<Answer>,
  minor: number,
): Promise<Judged> {
  const answer = await ask(sent);
  const differ = await difference(sent, answer, withoutDisabledFields(sent, minor), allowed, ask);
  return {
    says: answer.says,
    differ: differ && `the API server ${answer.says} ${JSON.stringify(sent)}, but ${differ}`,
  };
}

async function difference(
  sent: Pod,
  answer: Answer,
  enabled: Pod,
  allowed: Allowed,
  ask: (pod: object) => Promise<Answer>,
): Promise<string | undefined> {
  if (answer.says === "invalid") return undefined;
  const [first] = violationsOf(enabled, allowed);
  if (answer.says === "denies") return first ? undefined : "the rules find nothing in it";
  if (first) return `the rules say ${first.message}`;
  const [kept] = violationsOf(answer.stored, allowed);
  if (kept) return `in ${JSON.stringify(answer.stored)}, which it stores, the rules say ${kept.message}`;
  if (isDeepStrictEqual(enabled, sent)) return undefined;
  const rest = await ask(enabled);
  return rest.says === "admits" && isDeepStrictEqual(written(rest.stored), written(answer.stored))
    ? undefined
    : `it ${rest.says} something else of ${JSON.stringify(enabled)}`;
}

/** The minor version from which on a feature is on by default (pkg/features/kube_features.go). */
export const ON_SINCE = { ImageVolume: 35, PodCertificateRequest: 37 } as const;

/**
 * The pod without what Kubernetes drops before it validates and admits a new one, where these features are off by default:
 * pkg/api/pod/util.go, dropImageVolumes (a volume goes as a whole, with its mounts) and dropDisabledPodCertificateProjection (an
 * empty source is left). And without the field of a fixture that Kubernetes does not know (volume-nobody-knows), as decoding drops it: the
 * rules refuse what they do not know, whoever knows it.
 */
function withoutDisabledFields(pod: Pod, minor: number): Pod {
  const made = structuredClone(pod);
  const volumes = listOf(made.spec.volumes);
  const isImage = ({ image }: Fields) => minor < ON_SINCE.ImageVolume && image !== undefined && image !== null;
  const dropped = new Set(volumes.filter(isImage).map(({ name }) => name));
  if (dropped.size > 0) {
    made.spec.volumes = volumes.filter((volume) => !isImage(volume));
    for (const list of ["containers", "initContainers", "ephemeralContainers"])
      for (const container of listOf(made.spec[list]))
        if (container.volumeMounts)
          container.volumeMounts = listOf(container.volumeMounts).filter(({ name }) => !dropped.has(name));
  }
  for (const volume of volumes) {
    delete volume.hostDirectory;
    if (minor >= ON_SINCE.PodCertificateRequest) continue;
    for (const source of listOf((volume.projected as Fields | null | undefined)?.sources)) delete source.podCertificate;
  }
  return made;
}

const listOf = (value: unknown): Fields[] => (Array.isArray(value) ? (value as Fields[]) : []);

/** What a writer says of an object: no time, no identity. */
function written(stored: object): object {
  const { metadata, spec } = stored as { metadata?: Fields; spec?: unknown };
  const { name, namespace, labels, annotations, finalizers } = metadata ?? {};
  return { metadata: { name, namespace, labels, annotations, finalizers }, spec };
}
