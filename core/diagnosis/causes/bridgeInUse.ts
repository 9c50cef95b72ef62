/** The bridge is somebody else's: the test gives up before it touches anything there. */
import type { Cause } from "./cause.ts";
import { of, recordQuote, some } from "./read.ts";

export const bridgeInUse: Cause = {
  id: "bridge-in-use",
  outcome: "inconclusive",
  symptom: "The test mounts nothing: `a mount that is not this test's lies at /bridge/fuse, and stays`.",
  explanation:
    "Something else is mounted where this test would mount: it lives, or is no FUSE mount, and carries no marker of this test. It was left as it is.",
  fix: "Choose a `bridge` that nothing else uses; or, if the mount is a leftover, unmount it on the node, then test again.",
  find: (evidence) => some(of(evidence, "producer", "in-use").map(recordQuote)),
};
