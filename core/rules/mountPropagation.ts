import { BRIDGE_PATH, BRIDGE_VOLUME_PATHS } from "../contract/bridge.ts";
import { STORE_PATH } from "../contract/samePod.ts";
import { celLiteral, lines } from "./cel.ts";
import type { Cursor } from "./cursor.ts";
import { type ContainerView, type PodView, volumeOf } from "./pods.ts";
import { privilegedContainers } from "./privilegedContainers.ts";
import { comesFrom, privilegeFault } from "./privilegeFault.ts";
import type { Review } from "./review.ts";
import { roleOf } from "./roles.ts";
import { inContainers, type Rule, values } from "./rule.ts";
import { bothWaysInCel } from "./trustedContainers.ts";

/** By these no mount leaves the container. */
const INWARD = ["None", "HostToContainer"] as const;
const BOTH_WAYS = "Bidirectional";

export const mountPropagation: Rule = {
  id: "mount-propagation",
  severity: "critical",
  title: "Mounts leave no container but the producer, and only through the bridge.",
  remedy: "use HostToContainer or None; Bidirectional belongs to the bridge mount of container fuse-producer alone",
  restrictions: [
    {
      fields: [inContainers("volumeMounts[*].mountPropagation")],
      allowed: `not set, empty, ${values(INWARD)}; \`${BOTH_WAYS}\` for a hostPath at ${values(BRIDGE_VOLUME_PATHS)} of a container that may be privileged; in the sidecar of a \`same-pod\` scenario also for an emptyDir there, and for a hostPath at ${values([STORE_PATH])}`,
    },
  ],
  check(review) {
    for (const pod of review.pods())
      for (const container of pod.containers)
        for (const mount of container.fields.get("volumeMounts").items()) {
          const propagation = mount.get("mountPropagation");
          const problem = propagationFault(review, pod, container, mount, propagation);
          if (problem) review.report(propagation, problem);
        }
  },
  cel: {
    pods: (allowed) => [
      lines(
        "variables.containers.all(c, c.?volumeMounts.orValue([]).all(m,",
        `  m.?mountPropagation.orValue('None') in ${celLiteral(INWARD)}`,
        `  || (c.name in variables.trusted && ${bothWaysInCel(allowed)})))`,
      ),
    ],
  },
};

function propagationFault(
  review: Review,
  pod: PodView,
  container: ContainerView,
  mount: Cursor,
  { absent, value }: Cursor,
): string | undefined {
  if (absent || value === "" || INWARD.some((inward) => inward === value)) return undefined;
  if (value !== BOTH_WAYS) return "is no kind of propagation";
  const problem = privilegeFault(review, pod, container);
  if (problem) return problem;
  const path = mount.get("mountPath").text ?? "";
  const bothWays =
    privilegedContainers(review.allowed).find(({ role }) => role === roleOf(review, pod))?.bothWays ?? {};
  const sources = Object.hasOwn(bothWays, path) ? bothWays[path] : undefined;
  if (!sources) return `is not mounted at ${BRIDGE_PATH}`;
  const volume = volumeOf(pod, mount);
  return volume && sources.some((source) => comesFrom(volume, source)) ? undefined : "is not on the bridge";
}
