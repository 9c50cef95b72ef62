/** What is worth knowing of a success, and is no cause of anything. */
import type { Cause } from "./cause.ts";
import { mountFailures, mounts, of, recordQuote, some, sourceOf } from "./read.ts";

/** A consumer that starts with its daemon would have met the plain directory for this long, in seconds. */
const SLOW_SECONDS = 2;

const slowMount: Cause = {
  id: "slow-mount",
  outcome: "success",
  symptom: "A consumer sees the plain directory first, and the FUSE file system only later.",
  explanation: "The daemon took its time to mount; until then consumers saw the plain directory below it.",
  fix: "Let consumers wait until the file system's type is fuse (`stat -f -c %T`), as a readiness or startup probe.",
  find: (evidence) => {
    const [daemon] = of(evidence, "producer", "daemon");
    const [mounted] = mounts(evidence);
    if (!daemon || !mounted || mounted.uptime - daemon.uptime < SLOW_SECONDS) return undefined;
    const seconds = (mounted.uptime - daemon.uptime).toFixed(1);
    return some([{ source: sourceOf(mounted), text: `mounted ${seconds} s after the daemon's start` }]);
  },
};

const daemonNotBack: Cause = {
  id: "daemon-not-back",
  outcome: "success",
  symptom: "The mount is seen, but after the daemon's crash it cannot be mounted again.",
  explanation: "The daemon did not come back after its crash: whether a consumer recovers could not be asked.",
  fix: "Mend what the daemon says in the evidence (a lock or a cache left by the killed one, as a rule), then test again.",
  find: (evidence) => {
    const [crash] = of(evidence, "producer", "crash").filter(({ result }) => result === "ok");
    if (!crash) return undefined;
    const failed = mountFailures(evidence).filter(({ step, uptime }) => step === "mount" && uptime > crash.uptime);
    return some(failed.map(recordQuote));
  },
};

export const notes: readonly Cause[] = [slowMount, daemonNotBack];
