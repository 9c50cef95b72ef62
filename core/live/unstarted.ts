/** A daemon whose container has not started yet: what its init containers say, and what Kubernetes warns of its pod. */
import type { CoreV1Event, V1ContainerStatus } from "@kubernetes/client-node";
import type { Quote } from "../diagnosis/causes/cause.ts";
import type { Producer } from "../layout/pairs.ts";
import { type Facts, keyOf, type LivePod } from "./facts.ts";
import { type LinkSide, runs } from "./links.ts";
import { type Proof, proof } from "./proof.ts";
import { warningsOf } from "./words.ts";

/** What a container waits for while nothing is wrong yet. */
const ON_ITS_WAY = ["PodInitializing", "ContainerCreating"];
/** In the words of the script that a recipe's init container runs. */
const SERVED = /another daemon serves (.+): it stays/;

/** The init containers that have failed, or wait for what does not come. */
export const failingInits = ({ pod }: LivePod): V1ContainerStatus[] =>
  (pod.status?.initContainerStatuses ?? []).filter(
    ({ state, lastState }) =>
      (state?.terminated ?? lastState?.terminated ?? { exitCode: 0 }).exitCode !== 0 || hasTrouble(state?.waiting),
  );

const hasTrouble = (waiting: { readonly reason?: string } | undefined): boolean =>
  waiting?.reason !== undefined && !ON_ITS_WAY.includes(waiting.reason);

export function unstartedProofs(side: LinkSide<Producer>, { events, logs }: Pick<Facts, "events" | "logs">): Proof[] {
  const { pod, end } = side;
  if (runs(pod, end.container.name)) return [];
  const inits = failingInits(pod);
  const waiting = (pod.pod.status?.containerStatuses ?? []).filter(({ state }) => hasTrouble(state?.waiting));
  const said = inits.flatMap(({ name }) =>
    (logs.get(keyOf(pod, name)) ?? []).slice(-2).map(quoteOf(`log of ${name} of ${pod.name}`)),
  );
  const evidence = [
    ...[...inits, ...waiting].map((one) => stateQuote(pod, one)),
    ...said,
    ...lastWarnings(pod, events),
  ];
  if (evidence.length === 0) return [];
  const point = said.flatMap(({ text }) => SERVED.exec(text)?.[1] ?? [])[0];
  return point === undefined
    ? [
        proof(
          "producer-never-mounted",
          side,
          `The daemon ${end.container.name} has not started: nothing is mounted.`,
          evidence,
        ),
      ]
    : [
        proof(
          "two-mounters",
          side,
          `The daemon ${end.container.name} does not start: another one serves ${point}, its mount point.`,
          evidence,
        ),
      ];
}

const quoteOf =
  (source: string) =>
  (text: string): Quote => ({ source, text });

function stateQuote(pod: LivePod, { name, state, lastState, restartCount }: V1ContainerStatus): Quote {
  const { reason = "", message = "" } = state?.waiting ?? {};
  const ended = state?.terminated ?? lastState?.terminated;
  const words = [
    ...(reason ? [`${reason}${message ? `: ${message}` : ""}`] : []),
    ...(ended ? [`ended with exit code ${ended.exitCode}, ${restartCount} restarts`] : []),
  ];
  return { source: `container ${name} of ${pod.name}`, text: words.join("; ") };
}

/** Each once: Kubernetes repeats them. */
const lastWarnings = (pod: LivePod, events: readonly CoreV1Event[]): Quote[] =>
  [...new Map(warningsOf(pod, events).map((one) => [one.text, one])).values()].slice(-2);
