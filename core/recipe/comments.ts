/** The reasons beside the unusual fields of a recipe: see core/gitops/comments.ts. */
import type { Comment } from "../gitops/comments.ts";

const POD = "spec\\.template\\.spec";

export const RECIPE_COMMENTS: readonly Comment[] = [
  {
    at: /^metadata\.labels\.pod-security\.kubernetes\.io\/enforce$/,
    text: "Pod Security's level baseline forbids every hostPath, so even readers need this.",
  },
  {
    at: /^metadata\.annotations\.kustomize\.toolkit\.fluxcd\.io\/substitute$/,
    text: "Flux must not substitute the shell's own variables.",
  },
  {
    at: /^metadata\.annotations\.fuse-propagation-test\/mount$/,
    text: "By this another recipe of the same checkout sees that the mount point is taken.",
  },
  {
    at: /^spec\.strategy$/,
    text: "The default would start the next daemon first, and both would mount on one mount point.",
  },
  {
    at: new RegExp(`^${POD}\\.nodeSelector$`),
    text: "A mount never leaves its node: daemon and readers are on one that was tested.",
  },
  {
    at: new RegExp(`^${POD}\\.affinity\\.nodeAffinity$`),
    text: "The nodes that were tested; the readers name none, and follow the daemon.",
  },
  {
    at: new RegExp(`^${POD}\\.affinity\\.podAffinity\\.preferredDuringSchedulingIgnoredDuringExecution$`),
    text: "A daemon that is only replaced goes back to where its readers are.",
  },
  {
    at: new RegExp(`^${POD}\\.affinity\\.podAffinity\\.requiredDuringSchedulingIgnoredDuringExecution$`),
    text: "On the daemon's node, whichever that is: a mount never leaves it.",
  },
  {
    at: new RegExp(`^${POD}\\.tolerations$`),
    text: "Lets the pod stand the node's taints; a node that does not answer is left after so many seconds.",
  },
  {
    at: new RegExp(`^${POD}\\.automountServiceAccountToken$`),
    text: "A privileged container needs no key to the cluster.",
  },
  {
    at: new RegExp(`^${POD}\\.enableServiceLinks$`),
    text: "Else a Service called decypharr would set DECYPHARR_PORT, which Decypharr takes for its own setting.",
  },
  {
    at: new RegExp(`^${POD}\\.terminationGracePeriodSeconds$`),
    text: "More than the daemon's own time to write what it has and to unmount: see stop() below.",
  },
  {
    at: new RegExp(`^${POD}\\.initContainers\\[\\]\\.name$`),
    value: "clear-dead-mount",
    text: "Takes away the dead mount of a predecessor that was killed; waits for one that still ends.",
  },
  {
    at: new RegExp(`^${POD}\\.(initC|c)ontainers\\[\\]\\.securityContext\\.privileged$`),
    value: true,
    text: "Mounting FUSE needs /dev/fuse and CAP_SYS_ADMIN, and Kubernetes allows Bidirectional to privileged containers only.",
  },
  {
    at: new RegExp(`^${POD}\\.initContainers\\[\\]\\.name$`),
    text: "Waits for the FUSE file system, not for its directory; the image is on the node already, the daemon's.",
  },
  {
    at: new RegExp(`^${POD}\\.containers\\[\\]\\.startupProbe$`),
    text: "Ready when the mount is: so a rollout waits for it.",
  },
  {
    at: new RegExp(`^${POD}\\.containers\\[\\]\\.livenessProbe\\.\\$patch$`),
    text: "A container has one liveness probe: this one takes the place of the application's own.",
  },
  {
    at: new RegExp(`^${POD}\\.containers\\[\\]\\.livenessProbe$`),
    text: "With an end of its own: a question to a daemon that hangs never returns, and each would leave a process.",
  },
  {
    at: new RegExp(`^${POD}\\.containers\\[\\]\\.livenessProbe\\.failureThreshold$`),
    value: 2,
    text: "Grade B: a reader comes back only by a restart.",
  },
  {
    at: new RegExp(`^${POD}\\.containers\\[\\]\\.livenessProbe\\.failureThreshold$`),
    value: 12,
    text: "Grade A: a reader comes back by itself, so the restart is for what nobody has tested.",
  },
  {
    at: new RegExp(`^${POD}\\.initContainers\\[\\]\\.volumeMounts\\[\\]\\.mountPropagation$`),
    value: "Bidirectional",
    text: "What is unmounted in here is unmounted on the node, and in the readers.",
  },
  {
    at: new RegExp(`^${POD}\\.containers\\[\\]\\.volumeMounts\\[\\]\\.mountPropagation$`),
    value: "Bidirectional",
    text: "What is mounted in here reaches the node, and from there the readers.",
  },
  {
    at: new RegExp(`^${POD}\\.(initC|c)ontainers\\[\\]\\.volumeMounts\\[\\]\\.readOnly$`),
    value: true,
    text: "Nobody writes below the mount while it is away; it does not reach the mount itself, which is written as its daemon allows.",
  },
  {
    at: new RegExp(`^${POD}\\.(initC|c)ontainers\\[\\]\\.volumeMounts\\[\\]\\.mountPropagation$`),
    value: "HostToContainer",
    text: "Sees what is mounted on the node later on: after a crash the next mount, without a restart.",
  },
  {
    at: new RegExp(`^${POD}\\.volumes\\[\\]\\.hostPath\\.path$`),
    text: "The parent of the mount point, at the same path in every pod: symbolic links lead to the same place in each.",
  },
  {
    at: new RegExp(`^${POD}\\.volumes\\[\\]\\.hostPath\\.type$`),
    value: "Directory",
    text: "A reader does not start where the daemon has never run, which it would take for an empty library.",
  },
  {
    at: new RegExp(`^${POD}\\.volumes\\[\\]\\.emptyDir$`),
    text: "Ends with the pod; name a PersistentVolumeClaim with --claim for what is to stay.",
  },
  { at: /^spec\.ingress$/, text: "The daemon is privileged: nobody reaches it but by the ports it is to serve." },
  {
    at: /^spec\.maxUnavailable$/,
    text: "A drain waits until a person has scaled the daemon down, or taken this away.",
  },
];
