/** On which node the daemon and its readers run: a mount never leaves its node. */
import type { Recipe } from "./settings.ts";
import type { Placement } from "./types.ts";

const HOSTNAME = "kubernetes.io/hostname";
const NAME = "app.kubernetes.io/name";
const COMPONENT = "app.kubernetes.io/component";

/** The daemon's labels: its Deployment, its policy and its readers find it by these. */
export const daemonLabels = ({ name }: Recipe): Readonly<Record<string, string>> => ({
  [NAME]: name,
  [COMPONENT]: "fuse-daemon",
});

/** The label of every pod that reads. */
export const readerLabels = ({ name }: Recipe): Readonly<Record<string, string>> => ({
  "fuse-propagation-test/reads": name,
});

export const daemonPlacement = (recipe: Recipe): Placement => ({
  ...(recipe.failover
    ? {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: HOSTNAME, operator: "In", values: recipe.nodes }] }],
            },
          },
          podAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 100,
                podAffinityTerm: { labelSelector: { matchLabels: readerLabels(recipe) }, topologyKey: HOSTNAME },
              },
            ],
          },
        },
      }
    : pinned(recipe)),
  ...tolerating(recipe),
});

export const readerPlacement = (recipe: Recipe): Placement => ({
  ...(recipe.failover
    ? {
        affinity: {
          podAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              {
                labelSelector: { matchLabels: daemonLabels(recipe) },
                namespaces: [recipe.namespace],
                topologyKey: HOSTNAME,
              },
            ],
          },
        },
      }
    : pinned(recipe)),
  ...tolerating(recipe),
});

const pinned = ({ nodes: [node = ""] }: Recipe): Placement => ({ nodeSelector: { [HOSTNAME]: node } });

/** Seconds after which pods leave a node that does not answer; by default Kubernetes waits five minutes. */
const LEAVE_SECONDS = 30;

function tolerating({ tolerations, failover }: Recipe): Pick<Placement, "tolerations"> {
  const leaving = ["not-ready", "unreachable"].map((taint) => ({
    key: `node.kubernetes.io/${taint}`,
    operator: "Exists",
    effect: "NoExecute",
    tolerationSeconds: LEAVE_SECONDS,
  }));
  const all = [...tolerations, ...(failover ? leaving : [])];
  return all.length === 0 ? {} : { tolerations: all };
}
