/** What is wrong with how pods share a FUSE mount, by their manifests alone. It is no proof: nothing of it has run. */
import type { Finding } from "./finding.ts";
import { producerFindings, readerFindings } from "./mountFindings.ts";
import { type MountsOf, producersOf, readersOf } from "./pairs.ts";
import { placementFindings, producerPodFindings, readerPodFindings, rivals } from "./podFindings.ts";
import { type Manifest, workloadsOf } from "./workload.ts";

export { FINDINGS, type Finding, type FindingId } from "./finding.ts";
export type { Manifest } from "./workload.ts";

export interface Layout {
  readonly findings: readonly Finding[];
  /** How many containers mount FUSE, and how many read what they mount. */
  readonly producers: number;
  readonly readers: number;
}

/**
 * @param manifests all that is applied together: a reader is found by what it shares with its daemon
 * @param mounts what is known of a container's own mount; by default what its manifest says
 */
export function layoutOf(manifests: readonly Manifest[], mounts?: MountsOf): Layout {
  const workloads = workloadsOf(manifests);
  const producers = producersOf(workloads, mounts);
  const readers = readersOf(producers, workloads);
  const of = new Map(producers.map((one) => [one, readers.filter(({ producer }) => producer === one)]));
  const findings = [
    ...producers.flatMap((one) => producerFindings(one, of.get(one) ?? [])),
    ...readers.flatMap(readerFindings),
    ...readers.flatMap(placementFindings),
    ...rivals(producers),
    ...producers.flatMap((one) => producerPodFindings(one, of.get(one) ?? [])),
    ...readers.flatMap(readerPodFindings),
  ];
  // A reader of two daemons, or with two volumes of one, has what it lacks once.
  const once = new Map(findings.map((one) => [JSON.stringify([one.id, one.file, one.object, one.path]), one]));
  return {
    findings: [...once.values()],
    producers: new Set(producers.map(({ container }) => container)).size,
    readers: new Set(readers.map(({ container }) => container)).size,
  };
}
