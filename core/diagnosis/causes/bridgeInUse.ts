/** The bridge is somebody else's: the test gives up before it touches anything there. */
import type { Evidence } from "../../evidence/evidence.ts";
import type { Cause } from "./cause.ts";
import { mounts, notRead, of, recordQuote, some } from "./read.ts";

export const bridgeInUse: Cause = {
  id: "bridge-in-use",
  outcome: "inconclusive",
  symptom: "The test mounts nothing: `a mount that is not this test's lies at /bridge/fuse, and stays`.",
  explanation:
    "Something else is mounted where this test would mount: it lives, or is no FUSE mount, and carries no marker of this test. It was left as it is.",
  fix: "Choose a `bridge` that nothing else uses; or, if the mount is a leftover, unmount it on the node, then test again.",
  find: (evidence) => (isOpen(evidence) ? undefined : some(of(evidence, "producer", "in-use").map(recordQuote))),
  isPending: (evidence) => of(evidence, "producer", "in-use").length > 0 && isOpen(evidence),
};

/** Whether the first life of a container that was started again had mounted, or may have: then readers may have read that. */
const isOpen = (evidence: Evidence): boolean =>
  !notRead(evidence) &&
  (mounts(evidence).length > 0 ||
    evidence.pods.some(
      ({ component, containers }) => component === "producer" && containers.some(({ restarts = 0 }) => restarts > 0),
    ));
