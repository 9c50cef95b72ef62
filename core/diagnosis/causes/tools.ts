/** The probe itself cannot run in the image that it was given. */
import type { Cause } from "./cause.ts";
import { kubeletQuotes, quotes, some } from "./read.ts";

/** The words of runc, crun and Docker for a container whose command is not in its image; the probe's is `sh`. */
const NO_SHELL =
  /exec: \\*"(\/bin\/)?sh\\*": (executable file not found|stat \S+ no such file)|executable file `(\/bin\/)?sh` not found/i;

export const toolsMissing: Cause = {
  id: "tools-missing",
  outcome: "inconclusive",
  symptom:
    'A pod of the test ends at once: `the image lacks what the probe needs`, or `exec: "sh": executable file not found`.',
  explanation: "An image of the test lacks a tool that the probe needs, or has one of another kind.",
  fix: "Install what the evidence names in that image (busybox or coreutils have it all), or build the daemon's image on Alpine or Debian.",
  find: (evidence) =>
    some([
      ...quotes(evidence, ({ step, result }) => step === "tools" && result === "error"),
      ...kubeletQuotes(evidence, (text) => NO_SHELL.test(text)),
    ]),
};
