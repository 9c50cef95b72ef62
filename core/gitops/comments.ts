/** The words beside an exported field that a reviewer would ask about: by kind of object and by the field's path. */

export interface Comment {
  /** Matched against the dotted path of a field, list items as `[]`: `spec.containers[].securityContext.privileged`. */
  readonly at: RegExp;
  /** Only where the field has this value. */
  readonly value?: unknown;
  readonly text: string;
}

/** Each is said once an object, where its field stands first. */
export const COMMENTS: readonly Comment[] = [
  {
    at: /^metadata\.labels\.pod-security\.kubernetes\.io\/enforce$/,
    text: "Pod Security's level baseline forbids every hostPath, so even the unprivileged consumer needs this.",
  },
  {
    at: /^metadata\.annotations\.fuse-propagation-test\/owner$/,
    text: "Whose test this is: no other run takes it over, or away.",
  },
  {
    at: /^metadata\.annotations\.kustomize\.toolkit\.fluxcd\.io\/substitute$/,
    text: "Flux must not substitute the shell's own variables.",
  },
  {
    at: /^metadata\.annotations\.kustomize\.toolkit\.fluxcd\.io\/force$/,
    text: "A pod cannot be changed: Flux replaces it where other settings would.",
  },
  {
    at: /^metadata\.annotations\.kubectl\.kubernetes\.io\/default-container$/,
    text: "What `kubectl logs` shows without -c.",
  },
  {
    at: /^spec\.affinity$/,
    text: "Pinned to the node object itself: a label could be on several nodes, or missing.",
  },
  { at: /^spec\.tolerations$/, text: "Lets the pod stand the node's taint; it is the affinity that chooses the node." },
  { at: /^spec\.restartPolicy$/, value: "Never", text: "A restarted probe would have forgotten what it saw." },
  {
    at: /^spec\.restartPolicy$/,
    value: "OnFailure",
    text: "What a restart by the kubelet does is what this pair shows.",
  },
  {
    at: /^spec\.activeDeadlineSeconds$/,
    text: "The inspection window and five minutes to start: then the pod ends by itself, whoever forgot it.",
  },
  {
    at: /^spec\.terminationGracePeriodSeconds$/,
    text: "The probe ends at once on SIGTERM; the producer unmounts first.",
  },
  { at: /^spec\.automountServiceAccountToken$/, text: "The probe never talks to the cluster." },
  {
    at: /^spec\.enableServiceLinks$/,
    text: "Else every Service of the namespace would become variables of the probe.",
  },
  {
    at: /^spec\.initContainers\[\]\.name$/,
    value: "fuse-turn",
    text: "Waits for this scenario's turn: all pairs at once would starve each other.",
  },
  {
    at: /^spec\.initContainers\[\]\.name$/,
    value: "pull-first",
    text: "Does nothing: it has the other pod's image pulled before either pod's clock runs.",
  },
  {
    at: /^spec\.initContainers\[\]\.restartPolicy$/,
    text: "A native sidecar: started before the others, and again whenever it ends; ended after them.",
  },
  {
    at: /^spec\.(initC|c)ontainers\[\]\.securityContext\.privileged$/,
    value: true,
    text: "Mounting FUSE needs /dev/fuse and CAP_SYS_ADMIN, and Kubernetes allows Bidirectional to privileged containers only.",
  },
  {
    at: /^spec\.initContainers\[\]\.volumeMounts\[\]\.mountPropagation$/,
    value: "Bidirectional",
    text: "What is mounted in here reaches the node, and from there the pod's other containers.",
  },
  {
    at: /^spec\.containers\[\]\.volumeMounts\[\]\.mountPropagation$/,
    value: "Bidirectional",
    text: "What is mounted in here reaches the node, and from there the other pod.",
  },
  {
    at: /^spec\.containers\[\]\.volumeMounts\[\]\.mountPropagation$/,
    value: "HostToContainer",
    text: "Sees what is mounted on the node later on, and gives nothing back.",
  },
  {
    at: /^spec\.containers\[\]\.volumeMounts\[\]\.mountPropagation$/,
    value: "None",
    text: "The negative control must not see the mount: if it does, the marker proves nothing.",
  },
  {
    at: /^spec\.containers\[\]\.startupProbe$/,
    text: "Ready means SUCCESS: so `kubectl get pods` and Flux show the result.",
  },
  {
    at: /^spec\.volumes\[\]\.hostPath$/,
    text: "The bridge is the parent of the mount point: a daemon that unmounts its mount point when it starts keeps it whole.",
  },
  { at: /^spec\.force$/, text: "Pods cannot be changed: other settings replace them." },
  { at: /^spec\.wait$/, text: "Ready once the consumer is, which is after its SUCCESS." },
  { at: /^spec\.deletionPolicy$/, text: "Disabling is done when the namespace is gone, not when its deletion began." },
];
