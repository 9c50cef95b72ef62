/** What to do with an answer: the decision in the operator's words, and the next step that the grade allows. */
import { DECISION, type DecisionWords } from "../contract/decision.ts";

export interface Decision {
  readonly text: string;
  readonly nextStep: string;
  /** What to copy, where there is something to copy. */
  readonly manifest?: string;
  /** Other ways to the same end, where the straight one is barred. */
  readonly waysOut?: readonly string[];
}

/**
 * A: visible, readable by a non-root consumer, and back by itself when the daemon is, after a crash and in another pod. B: visible,
 * but a consumer must be restarted. C: not visible.
 */
export type Grade = "A" | "B" | "C";

const PRODUCER = `# in the daemon's pod: the parent directory, never the mount point itself
securityContext: { privileged: true }
volumeMounts:
  - { name: media, mountPath: /media, mountPropagation: Bidirectional }   # mount at /media/remote
# before each start of the daemon, since a killed one leaves its dead mount: umount -l /media/remote; until then readers stay blind
# in each reader's pod; readOnly does not reach the FUSE mount below: mount it read-only in the daemon
volumeMounts:
  - { name: media, mountPath: /media, readOnly: true, mountPropagation: HostToContainer }
# in both
volumes:
  - { name: media, hostPath: { path: /srv/media, type: DirectoryOrCreate } }`;

const LIVENESS = `# in each reader's pod: restart it when its mount is dead
livenessProbe:
  exec: { command: [sh, -c, "timeout -s KILL 5 stat /media/remote/."] }
  periodSeconds: 10
  failureThreshold: 2`;

const WAYS_OUT = [
  "make the node's root mount shared before the kubelet starts (`mount --make-rshared /`), and test again",
  "run the daemon as a systemd unit on the node, and give pods the directory with HostToContainer",
  "run the daemon as a native sidecar in the reader's own pod",
  "export the mount again over SMB/CIFS, or NFS (which needs fsid= for FUSE)",
];

const UNKNOWN = {
  crash: "after the daemon's crash",
  replaced: "when the daemon's pod is replaced (scenario `producer-replaced`)",
} as const;

/**
 * @param grade undefined where the run did not find out whether readers come back
 * @param words what is decided by the verdict
 * @param unknown what the run did not find out, where there is no grade: what readers do after a crash, or when the pod is replaced
 */
export function decide(
  verdict: "success" | "failure" | "inconclusive",
  grade: Grade | undefined,
  words: DecisionWords = DECISION,
  unknown: "crash" | "replaced" = "crash",
): Decision {
  if (verdict === "inconclusive")
    return {
      text: "Decide nothing yet: the question was not answered.",
      nextStep: "Fix the cause above and test again.",
    };
  if (verdict === "failure")
    return {
      text: words.failure,
      nextStep: "Fix the cause above if you can and test again; until it succeeds, take one of the ways out.",
      waysOut: [...WAYS_OUT, ...words.waysOut],
    };
  if (grade === "B")
    return {
      text: words.success,
      nextStep:
        "Deploy it with a liveness probe in each reader: a reader does not come back by itself when the daemon does.",
      manifest: `${PRODUCER}\n${LIVENESS}`,
    };
  if (grade === undefined)
    return {
      text: words.success,
      nextStep: `Find out first whether readers come back ${UNKNOWN[unknown]}, which this run does not tell; until then give each reader a liveness probe.`,
      manifest: `${PRODUCER}\n${LIVENESS}`,
    };
  return {
    text: words.success,
    nextStep:
      "Deploy the daemon and its readers on one hostPath directory, as in this fragment: it unmounts a dead mount first, and grade A rests on that.",
    manifest: PRODUCER,
  };
}
