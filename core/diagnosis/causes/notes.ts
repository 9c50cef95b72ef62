/** What is worth knowing of a success, and is no cause of anything. */
import { READERS } from "../../contract/readers.ts";
import { REPLACEMENT_WAYS } from "../../contract/replacement.ts";
import { replacementsOf } from "../replacements.ts";
import type { Cause } from "./cause.ts";
import {
  containerQuotes,
  meantFault,
  mountFailures,
  mounts,
  OOM_KILLED,
  of,
  recordQuote,
  some,
  sourceOf,
} from "./read.ts";

/** A consumer that starts with its daemon would have met the plain directory for this long, in seconds. */
const SLOW_SECONDS = 2;

const slowMount: Cause = {
  id: "slow-mount",
  outcome: "success",
  symptom: "A consumer sees the plain directory first, and the FUSE file system only later.",
  explanation: "The daemon took its time to mount; until then consumers saw the plain directory below it.",
  fix: "Let consumers wait until the mount is in their mount table: `grep -q ' /data/fuse .* - fuse' /proc/self/mountinfo` with the path in their container, as a startup probe.",
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
  fix: "Fix what the daemon reports in the evidence, then test again: as a rule the dead mount of the killed one is in the way (`umount -l` before each start), or a lock or a cache that it left.",
  find: (evidence) => {
    const [crash] = of(evidence, "producer", "crash").filter(({ result }) => result === "ok");
    if (!crash) return undefined;
    const failed = mountFailures(evidence).filter(({ step, uptime }) => step === "mount" && uptime > crash.uptime);
    return some(failed.map(recordQuote));
  },
};

const daemonDied: Cause = {
  id: "daemon-died",
  outcome: "success",
  symptom: "`OOMKilled`, or another exit of the daemon that nobody asked for, and a mount that is there all the same.",
  explanation: "The daemon died by itself, and was started again: it will do so in use too, even with a good grade.",
  fix: "Find what ended it (its exit code and words in the evidence, `kubectl describe pod`), and raise the memory limit if it was that.",
  find: (evidence) => {
    const { endsContainer: meant, outOfMemory } = meantFault(evidence) ?? {};
    const ended = containerQuotes(
      evidence.pods.filter(({ component }) => component === "producer"),
      ({ last }) => last !== undefined && (last.reason === OOM_KILLED ? !outOfMemory : !meant),
    );
    const died = of(evidence, "producer", "daemon").filter(({ result }) => result === "error");
    const words = died.map((record) => ({
      source: sourceOf(record),
      text: [`exit code ${record.exit_code}`, record.detail].filter(Boolean).join("; "),
    }));
    return some([...ended, ...words]);
  },
};

const daemonNotKilled: Cause = {
  id: "daemon-not-killed",
  outcome: "success",
  symptom:
    "The producer kills the daemon, and its mount still answers: a daemon that put itself into the background (`setsid`).",
  explanation:
    "The daemon outlived its kill, so it is not known what readers see when it dies, or whether they come back.",
  fix: "Let the setting `command` run the daemon in the foreground, as the shell's last word: `exec DAEMON ...`; then test again.",
  find: (evidence) =>
    some(
      of(evidence, "producer", "crash")
        .filter(({ result }) => result === "error")
        .map(recordQuote),
    ),
};

const notReplaced: Cause = {
  id: "producer-not-replaced",
  outcome: "success",
  symptom: "The producer's pod cannot be deleted or made again, or the one that took its place cannot mount.",
  explanation: "The producer's pod could not be replaced: whether readers come back then is not known.",
  fix: "Fix what the evidence says: a right that is missing, or what the pod before has left in the way of the next one.",
  find: (evidence) => {
    const refused = evidence.replacing?.refused;
    const [first] = of(evidence, "producer", "replaced");
    const failed = first ? mountFailures(evidence).filter(({ uptime }) => uptime > first.uptime) : [];
    return some([...(refused ? [{ source: "API server", text: refused }] : []), ...failed.map(recordQuote)]);
  },
};

const notAsked: Cause = {
  id: "not-asked",
  outcome: "success",
  symptom: "A scenario needs something of the node that the test may not do there.",
  explanation: "A part of the question was not asked here.",
  fix: "Ask it on the sandbox (`npm start` without a context), or on a node that may be disturbed.",
  find: ({ replacing }) =>
    some(Object.entries(replacing?.unasked ?? {}).map(([way, text]) => ({ source: `scenario ${way}-restart`, text }))),
};

const mountsPileUp: Cause = {
  id: "mounts-pile-up",
  outcome: "success",
  symptom: "A reader's mount table grows each time that the daemon's pod is replaced.",
  explanation:
    "Mounts pile up: each new pod of the daemon leaves more in the readers' mount tables, until the node has no room for another.",
  fix: "Unmount before each start of the daemon (`umount -l`, as the printed fragment has it), and see on the node which mounts grow: `wc -l /proc/self/mountinfo`.",
  find: (evidence) => {
    const grown = replacementsOf(evidence, READERS).flatMap(({ way, readers }) =>
      Object.entries(readers).flatMap(([role, { mountsAdded = 0 }]) =>
        mountsAdded > 0
          ? [{ source: role, text: `${mountsAdded} more mounts after the pod was ${REPLACEMENT_WAYS[way].words}` }]
          : [],
      ),
    );
    return some(grown);
  },
};

export const notes: readonly Cause[] = [
  slowMount,
  daemonNotBack,
  daemonDied,
  daemonNotKilled,
  notReplaced,
  notAsked,
  mountsPileUp,
];
