/**
 * What a user of the Kubernetes API must be allowed, as RBAC objects. A test runs the whole with a user who has exactly this, and
 * compares it with what the API server's audit log saw.
 */
import { PROBE_CONFIG_MAP, PROJECT, podName, SWEEP_PODS } from "../contract/names.ts";
import { planOf } from "../plan/plan.ts";
import { READER_NAME, TRIAL_NAME } from "../recipe/trial.ts";
import type { Settings } from "../settings/settings.ts";

/** `start`: make the test, read its verdict, take it down, sweep. `collect`: read the verdict of a test that runs, and replace its producer's pod. */
export const JOBS = ["start", "collect"] as const;
export type Job = (typeof JOBS)[number];

/** An entry of `rules` of a Role (rbac.authorization.k8s.io/v1). */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

export interface RbacSubject {
  readonly kind: "User" | "Group" | "ServiceAccount";
  readonly name: string;
  /** Of a ServiceAccount. */
  readonly namespace?: string;
}

export interface RbacObject {
  readonly apiVersion: "rbac.authorization.k8s.io/v1";
  readonly kind: "ClusterRole" | "ClusterRoleBinding" | "Role" | "RoleBinding";
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly PolicyRule[];
  readonly roleRef?: { readonly apiGroup: string; readonly kind: string; readonly name: string };
  readonly subjects?: readonly object[];
}

/** The objects to apply, by somebody who may grant these rights, for one job of one user. */
export function rights(settings: Settings, job: Job, subject: RbacSubject): readonly RbacObject[] {
  return job === "start"
    ? granted("ClusterRole", PROJECT, subject, [
        ...clusterRules(settings),
        ...madeRules(),
        ...readRules,
        ...trialRules(settings),
      ])
    : [
        ...granted("ClusterRole", `${PROJECT}-collect`, subject, [nodeRule(settings)]),
        ...granted(
          "Role",
          `${PROJECT}-collect`,
          subject,
          [...collectRules, ...replaceRules(settings), ...trialRules(settings)],
          settings.namespace,
        ),
      ];
}

const core = [""];

/**
 * What `diagnose` of pods that run needs: in each namespace a Role, and for the nodes, which are in none, a ClusterRole, without which
 * it says less. Whoever may exec in a pod has what that pod has.
 *
 * @param ephemeral with the right to add ephemeral containers
 */
export function diagnoseRoles(namespaces: readonly string[], ephemeral: boolean): readonly RbacObject[] {
  const name = `${PROJECT}-diagnose`;
  const apiVersion = "rbac.authorization.k8s.io/v1";
  const rules: readonly PolicyRule[] = [
    { apiGroups: core, resources: ["pods", "events"], verbs: ["list"] },
    { apiGroups: core, resources: ["pods/log"], verbs: ["get"] },
    // A WebSocket begins with a GET; Kubernetes 1.35 asks for create as well.
    { apiGroups: core, resources: ["pods/exec"], verbs: ["get", "create"] },
    ...(ephemeral
      ? [
          { apiGroups: core, resources: ["pods"], verbs: ["get"] },
          { apiGroups: core, resources: ["pods/ephemeralcontainers"], verbs: ["patch"] },
        ]
      : []),
  ];
  return [
    ...namespaces.map((namespace): RbacObject => ({ apiVersion, kind: "Role", metadata: { name, namespace }, rules })),
    {
      apiVersion,
      kind: "ClusterRole",
      metadata: { name },
      rules: [{ apiGroups: core, resources: ["nodes"], verbs: ["get"] }],
    },
  ];
}

/** A watch of one name counts as one of that name, so these need no more than it. */
const nodeRule = ({ nodes }: Settings): PolicyRule => ({
  apiGroups: core,
  resources: ["nodes"],
  resourceNames: nodes,
  verbs: ["list"],
});

function clusterRules(settings: Settings): PolicyRule[] {
  const namespaces = { apiGroups: core, resources: ["namespaces"] };
  return [
    // A name that is not there yet cannot be named in a rule; and Pulumi's kubernetes plugin awaits a deletion by watching them all.
    { ...namespaces, verbs: ["create", "list", "watch"] },
    { ...namespaces, resourceNames: [settings.namespace], verbs: ["get", "patch", "delete"] },
    nodeRule(settings),
    {
      apiGroups: ["admissionregistration.k8s.io"],
      resources: ["validatingadmissionpolicies", "validatingadmissionpolicybindings"],
      verbs: settings.admission ? ["get", "list", "watch", "create", "patch", "delete"] : ["list"],
    },
  ];
}

/** Listed before each watch: what was deleted while a watch was broken, no watch tells. */
const collectRules: readonly PolicyRule[] = [
  { apiGroups: core, resources: ["pods"], verbs: ["list", "watch"] },
  { apiGroups: core, resources: ["pods/log"], verbs: ["get"] },
  { apiGroups: core, resources: ["events"], verbs: ["list", "watch"] },
];

/** Where the scenario is asked, the collector replaces the pods with the daemon, and frees those that do not go. */
function replaceRules(settings: Settings): PolicyRule[] {
  const { nodes } = settings;
  const { pairs } = planOf(settings);
  const sidecars = pairs.filter(({ variation }) => variation.samePod);
  const replaced = [...pairs.filter((pair) => pair.replaced.length > 0), ...sidecars].map(
    ({ names }) => names.producer,
  );
  if (replaced.length === 0) return [];
  const freeing = sidecars.map(({ node }) => podName(SWEEP_PODS.unmount, node, nodes));
  const pods = { apiGroups: core, resources: ["pods"] };
  return [
    { ...pods, verbs: ["create"] },
    { ...pods, resourceNames: [...new Set([...replaced, ...freeing])], verbs: ["get", "delete"] },
  ];
}

/** Where the recipe is on trial: its objects, and what befalls them. */
function trialRules(settings: Settings): PolicyRule[] {
  if (!planOf(settings).scenarios.includes("recipe")) return [];
  const deployments = { apiGroups: ["apps"], resources: ["deployments"] };
  const policies = { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"] };
  return [
    { ...deployments, verbs: ["create"] },
    { ...deployments, resourceNames: [TRIAL_NAME, READER_NAME], verbs: ["patch", "delete"] },
    { ...policies, verbs: ["create"] },
    { ...policies, resourceNames: [TRIAL_NAME], verbs: ["delete"] },
    // The names of a Deployment's pods are made up.
    { apiGroups: core, resources: ["pods"], verbs: ["delete"] },
    // See diagnoseRoles.
    { apiGroups: core, resources: ["pods/exec"], verbs: ["get", "create"] },
  ];
}

const readRules: readonly PolicyRule[] = collectRules.filter(({ resources }) => !resources.includes("pods"));

function madeRules(): PolicyRule[] {
  const configMaps = { apiGroups: core, resources: ["configmaps"] };
  return [
    {
      apiGroups: core,
      resources: ["pods"],
      verbs: ["get", "list", "watch", "create", "patch", "delete", "deletecollection"],
    },
    { ...configMaps, verbs: ["create", "list", "watch"] },
    { ...configMaps, resourceNames: [PROBE_CONFIG_MAP], verbs: ["get", "patch", "delete"] },
  ];
}

/** A role, and its binding to the subject. */
function granted(
  kind: "ClusterRole" | "Role",
  name: string,
  subject: RbacSubject,
  rules: readonly PolicyRule[],
  namespace?: string,
): RbacObject[] {
  const apiVersion = "rbac.authorization.k8s.io/v1";
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  const apiGroup = subject.kind === "ServiceAccount" ? "" : "rbac.authorization.k8s.io";
  return [
    { apiVersion, kind, metadata, rules },
    {
      apiVersion,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name },
      subjects: [{ ...subject, apiGroup }],
    },
  ];
}
