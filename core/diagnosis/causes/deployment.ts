/** The pods were made in a way that cannot work on any node: their spec and the mount table prove it together. */
import { scenarioOf } from "../../contract/scenarios.ts";
import type { Evidence } from "../../evidence/evidence.ts";
import type { Cause, Quote } from "./cause.ts";
import { refusedAtDead } from "./mounts.ts";
import { isOver } from "./over.ts";
import { bothStarted, kubeletQuotes, mounts, of, recordQuote, some } from "./read.ts";
import { mountedPlace, placeOf, producerSide, type ReaderSide, readerSides, type Side, specQuote } from "./spec.ts";

export const subpathUsed: Cause = {
  id: "subpath-used",
  outcome: "failure",
  symptom: "The consumer sees the wrong directory, or `failed to prepare subPath`.",
  explanation:
    "A volume mount of the bridge has a subPath: the pod does not see the directory the mount is made in, or keeps a dead mount.",
  fix: "Drop subPath; give both pods the bridge directory itself (kubernetes/kubernetes#108681, kubernetes/kubernetes#139275).",
  find: (evidence) => {
    const users = [producerSide(evidence), ...readerSides(evidence)].filter(
      (side) => side?.bridge.subPath !== undefined,
    );
    const volumes = [producerSide(evidence), ...readerSides(evidence)].flatMap((side) => side?.bridge.volume ?? []);
    // A pod of one's own may have others; the kubelet names the volume.
    const words = kubeletQuotes(evidence, (text) => {
      const [, volume] = /failed to prepare subPath for volumeMount "([^"]*)"/.exec(text) ?? [];
      return volume !== undefined && (volumes.length === 0 || volumes.includes(volume));
    });
    const again = remounted(evidence);
    if (words.length > 0 && (!isMadeAgain(evidence) || again.length > 0))
      return some([...users.flatMap((side) => (side ? [specQuote(side)] : [])), ...again, ...words]);
    if (users.length === 0 || !(bothStarted(evidence) || isRefused(evidence))) return undefined;
    return apart(evidence);
  },
  // What it means that a reader has kept a dead mount is known when the kubelet has made it again, or could not.
  isPending: (evidence) =>
    isMadeAgain(evidence) &&
    !evidence.final &&
    readerSides(evidence).some(
      ({ role, pod, bridge }) =>
        bridge.subPath !== undefined && of(evidence, role, "start").length < 2 && !isOver(evidence, pod),
    ),
};

/** Whether the readers end by the scenario's schedule when the daemon is back, to be made again. */
function isMadeAgain({ scenario }: Evidence): boolean {
  const pair = scenario === undefined ? undefined : scenarioOf(scenario)?.pair;
  return typeof pair === "object" && pair.readersRestart === "still-dead";
}

/** The daemon's second mount and the ends of the readers, if they all ended after it: then it was there for them. */
function remounted(evidence: Evidence): Quote[] {
  const [, second] = mounts(evidence);
  const ends = readerSides(evidence).flatMap(({ role }) => of(evidence, role, "restart").slice(0, 1));
  const all = ends.length > 0 && ends.length === readerSides(evidence).length;
  return second && all && ends.every(({ uptime }) => uptime > second.uptime) ? [second, ...ends].map(recordQuote) : [];
}

export const bridgeNotHostpath: Cause = {
  id: "bridge-not-hostpath",
  outcome: "failure",
  symptom: "Both pods run; each has a directory of its own (two `emptyDir` volumes, or two paths).",
  explanation: "The pods do not share one directory of the node: their volumes are different ones.",
  fix: "Give both pods the same hostPath as their bridge volume.",
  find: (evidence) => {
    const all = [producerSide(evidence), ...readerSides(evidence)].flatMap((side) => (side ? [side] : []));
    if (!bothStarted(evidence)) return undefined;
    // A mount inside one pod's emptyDir stays there, unless the daemon and its readers are in that very pod.
    const own = all.filter(
      ({ pod, bridge }) =>
        bridge.kind === "emptyDir" &&
        !all.every((one) => one.pod.name === pod.name && one.bridge.volume === bridge.volume),
    );
    return own.length > 0 ? some(all.map(specQuote)) : apart(evidence);
  },
};

export const producerNotBidirectional: Cause = {
  id: "producer-not-bidirectional",
  outcome: "failure",
  symptom: "The producer sees its FUSE mount, the node and the consumer do not.",
  explanation: "The producer's bridge is not mounted with Bidirectional propagation, so its mounts stay its own.",
  fix: "Set mountPropagation: Bidirectional on the bridge in the container that mounts.",
  find: (evidence) => {
    const producer = producerSide(evidence);
    if (!bothStarted(evidence) || !producer || producer.bridge.propagation === "Bidirectional") return undefined;
    const unshared = mounts(evidence).filter(({ propagation }) => !propagation?.includes("shared:"));
    return unshared.length > 0 ? some([specQuote(producer), ...unshared.map(recordQuote)]) : undefined;
  },
};

export const consumerNotHostToContainer: Cause = {
  id: "consumer-not-host-to-container",
  outcome: "failure",
  symptom:
    "The consumer sees an empty directory or, created after the mount, a frozen copy of it (sirrobot01/decypharr#256).",
  explanation: "A consumer's bridge is mounted without HostToContainer propagation, so later mounts do not reach it.",
  fix: "Set mountPropagation: HostToContainer on the bridge in every container that reads.",
  find: (evidence) => {
    if (!bothStarted(evidence) && !isRefused(evidence)) return undefined;
    return some(
      readerSides(evidence)
        .filter(({ bridge }) => bridge.propagation === "None")
        .flatMap((reader) => [
          specQuote(reader),
          ...of(evidence, reader.role, "start")
            .filter(({ propagation }) => propagation === "private")
            .map(recordQuote),
        ]),
    );
  },
};

/** The producer and a reader whose volumes lead to different directories of the node. */
function apart(evidence: Evidence): readonly Quote[] | undefined {
  const producer = producerSide(evidence);
  const place = producer && placeOf(producer);
  if (!producer || place === undefined) return undefined;
  const elsewhere = (reader: Side) => (placeOf(reader) ?? place) !== place;
  // One directory may have two names on the node: what the kernel mounted is what counts.
  const mounted = mountedPlace(producer, of(evidence, "producer", "preflight"));
  const same = (reader: ReaderSide) =>
    mounted !== undefined && mountedPlace(reader, of(evidence, reader.role, "start")) === mounted;
  const found = readerSides(evidence).filter((reader) => elsewhere(reader) && !same(reader));
  const lines = found.flatMap(({ role }) => of(evidence, role, "start").map(recordQuote));
  return found.length > 0 ? some([specQuote(producer), ...found.map(specQuote), ...lines]) : undefined;
}

/** Whether a reader cannot start since this run's dead mount is its volume: then its spec tells as much as its start would. */
const isRefused = (evidence: Evidence): boolean =>
  mounts(evidence).length > 0 && readerSides(evidence).some((reader) => refusedAtDead(evidence, reader).length > 0);
