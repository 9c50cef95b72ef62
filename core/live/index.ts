/** What is wrong between pods that run and share a FUSE mount: their manifests, what their mount tables show, what the cluster says. */
import type { Quote } from "../diagnosis/causes/cause.ts";
import type { NodeFact } from "../evidence/evidence.ts";
import { layoutOf } from "../layout/index.ts";
import { apart } from "./apart.ts";
import { type Facts, isRead } from "./facts.ts";
import { type Link, type LinkSide, type Links, linksOf, type Question, toLookAt } from "./links.ts";
import { holding } from "./mountTable.ts";
import { fileOf, manifestsOf } from "./pods.ts";
import { producerProofs } from "./producerProofs.ts";
import { type LiveFinding, lineQuote, livePodQuote, lookOf, type Proof } from "./proof.ts";
import { readerProofs, seenLine } from "./readerProofs.ts";
import { unstartedProofs } from "./unstarted.ts";
import { causeOf, wordProofs } from "./words.ts";

export type { LiveFinding } from "./proof.ts";

export interface Diagnosis {
  readonly findings: readonly LiveFinding[];
  /** What works, in words, as far as it was seen. */
  readonly seen: readonly string[];
  /** Containers whose mounts could not be read, and why. */
  readonly unread: readonly { readonly whose: string; readonly words: string; readonly remedy: string }[];
  readonly producers: number;
  /** Daemons of which no reader was found. */
  readonly lone: readonly string[];
  readonly readers: number;
  /** Where a test would prove the rest, with what its pods must tolerate there. */
  readonly nodes: readonly { readonly name: string; readonly taints: readonly string[] }[];
}

export function diagnosisOf(facts: Facts, question: Question): Diagnosis {
  const links = linksOf(facts, question);
  const proofs = proofsOf(facts, links, question.path);
  const findings = [...merged(staticFindings(facts, links, question), proofs), ...apart(facts, links, question)];
  const sides = toLookAt(links);
  return {
    findings,
    seen: [...new Set(links.links.flatMap((link) => seenLine(link) ?? []))],
    unread: sides.flatMap(({ pod, end, look }) =>
      isRead(look)
        ? look.cut === undefined
          ? []
          : [
              {
                whose: `${end.container.name} of ${pod.name}`,
                words: look.cut,
                remedy: "what comes after that is not judged",
              },
            ]
        : look
          ? [{ whose: `${end.container.name} of ${pod.name}`, ...look }]
          : [],
    ),
    producers: new Set(links.producers.map(({ end }) => end.container)).size,
    lone: [
      ...new Set(
        links.producers
          .filter(({ end }) => !links.links.some(({ producer }) => producer.end === end))
          .map(({ end }) => end.workload.object),
      ),
    ],
    readers: new Set(links.links.map(({ reader }) => reader.end.container)).size,
    nodes: [...new Set(links.links.flatMap(({ reader, producer }) => producer.pod.node ?? reader.pod.node ?? []))].map(
      (name) => ({ name, taints: taintsOf(facts.nodes.get(name)) }),
    ),
  };
}

const taintsOf = (node: NodeFact | "unreadable" | undefined): readonly string[] =>
  node === undefined || node === "unreadable"
    ? []
    : node.taints.filter((taint) => !taint.endsWith(":PreferNoSchedule"));

function proofsOf(facts: Facts, { producers, links }: Links, path: string | undefined): Proof[] {
  const { events, nodes, logs } = facts;
  const daemons = producers.flatMap((side) => {
    const known = [
      ...wordProofs(side, "producer", events, nodes),
      ...producerProofs(side, { logs, path }).map((one) => withReaders(one, links)),
    ];
    return known.length > 0 ? known : unstartedProofs(side, facts);
  });
  const down = new Map(
    daemons.filter(({ id }) => id === "daemon-killed" || id === "daemon-ended").map(({ pod, id }) => [pod, id]),
  );
  // Of a daemon that does not run, the dead mount is its own.
  const explained = (one: Proof): Proof => ({
    ...one,
    id: (one.id === "stale-mount-left" && down.get(one.pod)) || one.id,
  });
  return [
    ...daemons,
    ...links.flatMap((link) => [
      ...wordProofs(link.reader, "consumer", events, nodes),
      ...readerProofs(link, path).map(explained),
    ]),
  ];
}

/** Where nothing is mounted, what the readers have in its place. */
function withReaders(one: Proof, links: readonly Link[]): Proof {
  if (one.id !== "producer-never-mounted") return one;
  const own = links.filter(({ producer }) => producer.pod === one.pod && producer.end === one.end);
  const quotes = own.flatMap(({ reader }) => {
    const there = holding(lookOf(reader)?.table ?? [], reader.end.mount.path);
    return there ? [lineQuote(reader, there)] : [];
  });
  return { ...one, evidence: [...one.evidence, ...quotes.slice(0, 3)] };
}

/** What the specs alone say of the pods that are asked about. */
function staticFindings(
  { pods }: Facts,
  { mounts, producers, links }: Links,
  { reader, producer }: Question,
): LiveFinding[] {
  const sides: LinkSide[] = [...producers, ...links.map((one) => one.reader)];
  const all = new Set(sides.map(({ end }) => end.workload.object));
  const isAsked = reader === undefined && producer === undefined ? () => true : (object: string) => all.has(object);
  return layoutOf(manifestsOf(pods), mounts)
    .findings.filter(({ object }) => isAsked(object))
    .map((one) => {
      const side = sides.find(({ end }) => end.workload.object === one.object && one.path.startsWith(end.container.at));
      return { ...one, basis: "inference", evidence: side ? [livePodQuote(side)] : [] };
    });
}

/** A finding of a spec that is proven takes its proof; what else is proven has the cause's own fix. */
function merged(stated: readonly LiveFinding[], proofs: readonly Proof[]): LiveFinding[] {
  const proven = new Map<string, LiveFinding>();
  for (const one of proofs) {
    const { object } = one.end.workload;
    const key = `${one.id} ${object}`;
    const before = proven.get(key);
    const known = before ?? stated.find(({ id, object: whose }) => id === one.id && whose === object);
    proven.set(key, {
      id: one.id,
      severity: "error",
      file: fileOf(one.pod),
      object,
      path: known?.path ?? one.end.mount.at,
      message: before?.message ?? one.message,
      fix:
        known?.fix ??
        fixOf(
          one.id,
          stated.find(({ id, object: whose }) => id === "stale-mount-not-cleared" && whose === object),
        ),
      basis: one.basis,
      evidence: distinct([...(before?.evidence ?? []), ...one.evidence]),
    });
  }
  const rest = stated.filter(({ id, object }) => !proven.has(`${id} ${object}`));
  return [...proven.values(), ...rest].toSorted((a, b) => rank(a) - rank(b));
}

const rank = ({ severity, basis }: LiveFinding): number => (severity === "advice" ? 2 : basis === "proof" ? 0 : 1);

const distinct = (quotes: readonly Quote[]): Quote[] =>
  [...new Map(quotes.map((one) => [`${one.source}\n${one.text}`, one])).values()].slice(0, 8);

/** The causes' own fixes, but for those that speak of a test's own images and of its sweep. */
function fixOf(id: string, clearing: LiveFinding | undefined): string {
  if (id === "stale-mount-left")
    return clearing?.fix.startsWith("[")
      ? clearing.fix
      : "Run `umount -l` on the node for the mount that the evidence names, and let the daemon's pod do so before each start of the daemon.";
  if (id === "image-unavailable")
    return "Correct the image's name or tag, and see whether the node reaches the registry (with credentials, if it asks for them).";
  if (id === "two-mounters") return "Stop the other daemon, or give this one a mount point of its own.";
  return (
    causeOf(id)?.fix ??
    "No cause is known for what was seen: run the test on this node, and attach what is quoted to a report."
  );
}
