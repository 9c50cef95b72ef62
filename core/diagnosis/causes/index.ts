/**
 * The catalogue of causes: what makes a test end as it does. Each is a function of evidence that returns the lines that
 * prove it, or undefined. The order matters: where two apply, the one that explains the other comes first.
 */
import { admissionRefused, podSecurityDenies, producerNotPrivileged } from "./admission.ts";
import { bridgeInUse } from "./bridgeInUse.ts";
import type { Cause } from "./cause.ts";
import { allowOtherMissing, daemonEnded, daemonHung, daemonKilled, daemonSlow } from "./daemon.ts";
import { bridgeNotHostpath, consumerNotHostToContainer, producerNotBidirectional, subpathUsed } from "./deployment.ts";
import {
  fuseDeviceDenied,
  fusermountMissing,
  fuseUnavailable,
  lsmDenies,
  mountLimit,
  producerNeverMounted,
} from "./fuse.ts";
import { hollowSuccess } from "./hollow.ts";
import { markerChanges, noMarker } from "./marker.ts";
import {
  consumerBindsMountpoint,
  peerGroupDestroyed,
  producerBindsMountpoint,
  stackedMounts,
  staleMountLeft,
} from "./mounts.ts";
import { differentNodes, imageUnavailable, nodeUnavailable, windowOver } from "./placement.ts";
import { controlTooLate, mountedTooLate, readerNotHardened, success } from "./proof.ts";
import {
  bridgeMountPrivate,
  hostReadOnly,
  nodeRootPrivate,
  runtimeDropsPropagation,
  sandboxedRuntime,
  userNamespace,
} from "./runtime.ts";
import { toolsMissing } from "./tools.ts";

export type { Cause, Quote } from "./cause.ts";
export { markerInTime } from "./marker.ts";
export { notes } from "./notes.ts";
export { isAtEnd } from "./over.ts";
export { ownNonces } from "./proof.ts";
export { isFuse, meantFault, notRead, OOM_KILLED, of, recordQuote, untilDecided } from "./read.ts";

export const causes: readonly Cause[] = [
  // A proven success needs no cause, whatever else was seen on the way.
  success,
  // No pod.
  producerNotPrivileged,
  podSecurityDenies,
  admissionRefused,
  nodeUnavailable,
  imageUnavailable,
  differentNodes,
  // No container. The root explains every refusal of a mount.
  nodeRootPrivate,
  bridgeMountPrivate,
  hostReadOnly,
  // No probe.
  toolsMissing,
  // Mounted, but not into the same directory; then: not passed on, not received, torn down. All are certain as soon as the pods
  // run and the daemon has mounted, whatever else may become of the readers or of the daemon.
  subpathUsed,
  bridgeNotHostpath,
  producerNotBidirectional,
  consumerNotHostToContainer,
  peerGroupDestroyed,
  // A daemon that was killed leaves its dead mount behind; who has bound that mount meets it, too.
  daemonKilled,
  producerBindsMountpoint,
  consumerBindsMountpoint,
  // These explain what the runtime says of its own, what cannot be mounted and what is not received.
  userNamespace,
  sandboxedRuntime,
  // Not done though asked.
  runtimeDropsPropagation,
  // Nothing was mounted, and the readers meet what somebody else has mounted.
  bridgeInUse,
  staleMountLeft,
  mountLimit,
  // No FUSE at all, or a plain file in its place: a marker that is none voids the run, whoever made it.
  hollowSuccess,
  markerChanges,
  fuseUnavailable,
  fuseDeviceDenied,
  fusermountMissing,
  lsmDenies,
  mountedTooLate,
  // Propagated, and not readable.
  stackedMounts,
  allowOtherMissing,
  daemonEnded,
  daemonSlow,
  daemonHung,
  // What is left where nothing more exact is proven.
  noMarker,
  producerNeverMounted,
  controlTooLate,
  readerNotHardened,
  windowOver,
];
