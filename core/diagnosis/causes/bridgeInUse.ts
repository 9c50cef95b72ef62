/** The bridge is somebody else's: the test gives up before it touches anything there. */
import type { Evidence } from "../../evidence/evidence.ts";
import type { Cause } from "./cause.ts";
import { of, recordQuote, some } from "./read.ts";

export const bridgeInUse: Cause = {
  id: "bridge-in-use",
  outcome: "inconclusive",
  symptom: "The test mounts nothing: `a mount that is not this test's lies at /bridge/fuse, and stays`.",
  explanation:
    "Something else is mounted where this test would mount: it lives, or is no FUSE mount, and carries no marker of this test. It was left as it is.",
  fix: "Choose a `bridge` that nothing else uses; or, if the mount is a leftover, unmount it on the node, then test again.",
  find: (evidence) =>
    isUntouched(evidence) && livesTold(evidence)
      ? some(of(evidence, "producer", "in-use").map(recordQuote))
      : undefined,
  isPending: (evidence) =>
    !evidence.final && isUntouched(evidence) && !livesTold(evidence) && of(evidence, "producer", "in-use").length > 0,
};

/** Whether this run has started no daemon: what came after one is another matter, as readers may have read what it had mounted. */
const isUntouched = (evidence: Evidence): boolean => of(evidence, "producer", "daemon").length === 0;

/** Whether every life of a container that was started again has recorded its identity: the first may have started a daemon. */
const livesTold = (evidence: Evidence): boolean => {
  const recorded = of(evidence, "producer", "identity").length;
  return evidence.pods
    .filter(({ component }) => component === "producer")
    .every(({ containers }) => containers.every(({ restarts = 0 }) => restarts === 0 || recorded > restarts));
};
