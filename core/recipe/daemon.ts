/** The daemon's objects: what is applied beside the readers. */
import { daemonLabels, daemonPlacement } from "./placement.ts";
import { clearScript, daemonScript, looksFor, servedCheck } from "./scripts.ts";
import { pointOf, type Recipe } from "./settings.ts";
import type {
  Deployment,
  NetworkPolicy,
  PodDisruptionBudget,
  RecipeContainer,
  RecipeNamespace,
  RecipeObject,
  RecipeVolume,
  RecipeVolumeMount,
} from "./types.ts";

/** Of the Deployment and of each patch: where it mounts, so that no other recipe of a checkout mounts there. */
export const MOUNT_ANNOTATION = "fuse-propagation-test/mount";

/** Seconds within which a question to the mount is answered, or counts as failed. */
const ANSWER_SECONDS = 5;
const STARTUP_PERIOD_SECONDS = 2;
/** Seconds between the daemon's own patience at its end and the kubelet's. */
const GRACE_MARGIN_SECONDS = 10;

/** Everything but the readers, in the order in which it is applied. */
export const recipeObjects = (recipe: Recipe): RecipeObject[] => [
  ...(recipe.createNamespace ? [recipeNamespace(recipe)] : []),
  networkPolicy(recipe),
  ...(recipe.disruptionBudget ? [disruptionBudget(recipe)] : []),
  daemonDeployment(recipe),
];

export const recipeNamespace = (recipe: Recipe): RecipeNamespace => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: recipe.namespace, labels: { "pod-security.kubernetes.io/enforce": "privileged" } },
});

export function daemonDeployment(recipe: Recipe): Deployment {
  const labels = daemonLabels(recipe);
  // Flux would take the shell's variables for its own.
  const annotations = { "kustomize.toolkit.fluxcd.io/substitute": "disabled", [MOUNT_ANNOTATION]: pointOf(recipe) };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { ...metaOf(recipe), annotations },
    spec: {
      replicas: 1,
      strategy: { type: "Recreate" },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          ...daemonPlacement(recipe),
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: recipe.stopSeconds + GRACE_MARGIN_SECONDS,
          initContainers: [clearing(recipe)],
          containers: [serving(recipe)],
          volumes: volumes(recipe),
        },
      },
    },
  };
}

const metaOf = (recipe: Recipe) => ({ name: recipe.name, namespace: recipe.namespace, labels: daemonLabels(recipe) });

const environment = (recipe: Recipe) => [
  { name: "MOUNT", value: pointOf(recipe) },
  { name: "LOOKS", value: String(looksFor(recipe)) },
];

const clearing = (recipe: Recipe): RecipeContainer => ({
  name: "clear-dead-mount",
  image: recipe.image,
  command: ["sh", "-c", clearScript()],
  env: environment(recipe),
  resources: recipe.resources,
  securityContext: { privileged: true },
  volumeMounts: [parent(recipe)],
});

function serving(recipe: Recipe): RecipeContainer {
  const check = ["sh", "-c", servedCheck(pointOf(recipe), ANSWER_SECONDS)];
  const probe = { exec: { command: check }, timeoutSeconds: ANSWER_SECONDS + 1 };
  return {
    name: "daemon",
    image: recipe.image,
    command: ["sh", "-c", daemonScript(recipe)],
    env: [...environment(recipe), { name: "SOURCE", value: recipe.source }, ...driverEnvironment(recipe)],
    ...(recipe.ports.length > 0 ? { ports: recipe.ports.map((containerPort) => ({ containerPort })) } : {}),
    resources: recipe.resources,
    securityContext: { privileged: true },
    startupProbe: {
      ...probe,
      periodSeconds: STARTUP_PERIOD_SECONDS,
      failureThreshold: Math.ceil((recipe.mountSeconds + looksFor(recipe) / 5) / STARTUP_PERIOD_SECONDS),
    },
    livenessProbe: { ...probe, periodSeconds: 10, failureThreshold: 3 },
    volumeMounts: [
      parent(recipe),
      { name: "data", mountPath: "/data" },
      ...(recipe.secret === "" ? [] : [{ name: "secret", mountPath: "/secret", readOnly: true }]),
    ],
  };
}

function driverEnvironment({ driver, command, secret }: Recipe): { readonly name: string; readonly value: string }[] {
  if (driver === "rclone")
    return [{ name: "RCLONE_CONFIG", value: secret === "" ? "/dev/null" : "/secret/rclone.conf" }];
  if (driver !== "command") return [];
  return [
    { name: "ALLOW_OTHER", value: "yes" },
    { name: "COMMAND", value: command },
  ];
}

const parent = ({ name, path }: Recipe): RecipeVolumeMount => ({
  name: volumeName(name),
  mountPath: path,
  mountPropagation: "Bidirectional",
});

/** A name that no volume of a reader has by chance. */
export const volumeName = (name: string): string => `fuse-${name}`;

const volumes = ({ name, path, claim, secret }: Recipe): RecipeVolume[] => [
  { name: volumeName(name), hostPath: { path, type: "DirectoryOrCreate" } },
  { name: "data", ...(claim === "" ? { emptyDir: {} } : { persistentVolumeClaim: { claimName: claim } }) },
  ...(secret === "" ? [] : [{ name: "secret", secret: { secretName: secret, defaultMode: 0o400 } }]),
];

export const networkPolicy = (recipe: Recipe): NetworkPolicy => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: metaOf(recipe),
  spec: {
    podSelector: { matchLabels: daemonLabels(recipe) },
    policyTypes: ["Ingress"],
    ingress:
      recipe.ports.length === 0
        ? []
        : [{ from: [{ podSelector: {} }], ports: recipe.ports.map((port) => ({ protocol: "TCP", port })) }],
  },
});

export const disruptionBudget = (recipe: Recipe): PodDisruptionBudget => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: metaOf(recipe),
  spec: { maxUnavailable: 0, selector: { matchLabels: daemonLabels(recipe) } },
});
