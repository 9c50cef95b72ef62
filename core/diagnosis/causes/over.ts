/** What has ended, and will say no more. */
import type { Evidence, PodFact } from "../../evidence/evidence.ts";
import { allReadersDecided, producerRecorded } from "./read.ts";

/** Whether a pod has ended for good, and all that its containers had to say was read. */
export const isOver = ({ unread = [] }: Evidence, { name, phase }: PodFact): boolean =>
  (phase === "Failed" || phase === "Succeeded") && !unread.some((log) => log.startsWith(`${name}/`));

/** Whether nothing more can come of a pair, although the time for collecting is not over. */
export function isAtEnd(evidence: Evidence): boolean {
  const ended = (component: string) => {
    const own = evidence.pods.filter((pod) => pod.component === component);
    return own.length > 0 && own.every((pod) => isOver(evidence, pod));
  };
  // Readers that have ended find nothing any more; a producer that has ended mounts nothing any more.
  return ended("consumer")
    ? ended("producer") || producerRecorded(evidence)
    : ended("producer") && allReadersDecided(evidence);
}
