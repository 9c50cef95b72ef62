/** What an operator can say of a deployment that shares a FUSE mount, checked and completed. */
import { z } from "zod";
import { DRIVER_IDS, driverOf } from "../contract/drivers.ts";
import { driverFaults } from "../settings/ownDriver.ts";
import { checked, limits, schema, seconds, toleration } from "../settings/schema.ts";
import { fault, faultsOf, SettingsError } from "../settings/settings.ts";
import { bridgeFault, commandFault, imageFault, nodeFault } from "../settings/validators.ts";

/** RFC 1123 labels, as Kubernetes asks of names; short enough for what is put in front of them. */
const LABEL = /^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$/;
const label = z.string().regex(LABEL, "use 1 to 50 of a-z, 0-9 and -, beginning and ending with a letter or digit");
/** A name of another object; empty where there is none. */
const object = z
  .string()
  .regex(/^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)?$/, "use a name as Kubernetes takes it: a-z, 0-9, - and .");
/** One word for a shell and for YAML, on one line. */
const word = z.string().regex(/^\P{Cc}{1,512}$/u, "give one line of at most 512 characters");

const EXAMPLE = "/mnt/media";

/** Emptied at boot, or by a timer: a directory for a mount that is to stay must not be here. */
const FLEETING = /^\/(tmp|var\/tmp|run)\//;

function pathFault(path: string): string | undefined {
  if (FLEETING.test(path)) return `choose a directory that a boot does not empty, such as ${EXAMPLE}`;
  return bridgeFault(path, EXAMPLE)?.replace(
    "the test's own: below /tmp, /var/tmp, /srv",
    "the mount's own: below /srv",
  );
}

/** A workload whose pods read the mount. */
const reader = z.strictObject({
  kind: z.enum(["Deployment", "StatefulSet", "DaemonSet"]).default("Deployment"),
  name: label,
  containers: z.array(label).min(1, "name the container that reads"),
});

export const recipeSchema = z.strictObject({
  name: label.default("media").describe("Name of the daemon's objects, and of the volume in its readers."),
  namespace: label.default("media").describe("Namespace of the daemon."),
  createNamespace: z
    .boolean()
    .default(false)
    .describe("Whether the namespace is written as well; else it is there already, and lets privileged pods in."),
  path: checked(pathFault)
    .default(EXAMPLE)
    .describe("Directory above the mount point: the same on the node, in the daemon and in each reader."),
  mount: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "use one name of letters, digits, . _ and -, such as remote")
    .default("remote")
    .describe("Name of the mount point below `path`."),
  nodes: z
    .array(checked(nodeFault))
    .min(1, "name a node that was tested, as `kubectl get nodes` shows it")
    .describe("The node of the daemon and its readers; with `failover` the nodes between which they move."),
  failover: z
    .boolean()
    .default(false)
    .describe("Whether daemon and readers move together from one of the nodes to another."),
  grade: z
    .enum(["A", "B"])
    .default("B")
    .describe(
      "Of the verdict: with B a reader must be restarted when the daemon was, so its liveness probe is prompt.",
    ),
  tolerations: z.array(toleration).default([]).describe("Taints of the nodes that the pods may stand."),
  driver: z.enum(DRIVER_IDS).default("rclone").describe("FUSE file system that the daemon mounts."),
  image: checked(imageFault)
    .default("rclone/rclone:1.71.2")
    .describe("Image of the daemon: a POSIX shell with awk, stat, timeout and umount, and the FUSE driver."),
  command: checked(commandFault)
    .default("")
    .describe("With driver command: the shell command that runs the daemon in the foreground, mounting at $MOUNT."),
  source: z
    .string()
    .regex(/^[^\p{Cc}'"\\$`]{0,512}$/u, "give a remote or a path on one line, without quotes, backslashes and $")
    .default("")
    .describe(
      "What is mounted: a remote of rclone (`zurg:`), a directory, or the archive of squashfuse; empty: /data.",
    ),
  flags: z
    .array(word)
    .default([])
    .describe("More words for the driver's command line, such as --vfs-cache-mode=writes."),
  secret: object
    .default("")
    .describe("A Secret of the namespace, seen at /secret; its key rclone.conf is rclone's configuration."),
  claim: object
    .default("")
    .describe("A PersistentVolumeClaim of the namespace for /data; empty: a directory that ends with the pod."),
  ports: z
    .array(z.number().int().min(1).max(65535))
    .default([])
    .describe("TCP ports of the daemon that other pods of the namespace may reach; to all others it is closed."),
  disruptionBudget: z
    .boolean()
    .default(false)
    .describe("Whether an eviction of the daemon, as a drain does it, has to be allowed first by a person."),
  readers: z.array(reader).default([]).describe("Workloads to patch: kind, name and the containers that read."),
  mountSeconds: seconds(5, 1800).default(120).describe("Seconds the daemon may take to mount."),
  stopSeconds: seconds(1, 600)
    .default(20)
    .describe("Seconds the daemon may take to write what it has, and to unmount."),
  resources: limits({ cpu: "50m", memory: "128Mi" }, { cpu: "2", memory: "1Gi" }).describe(
    "Requests and limits of the daemon.",
  ),
});

export type Recipe = Readonly<z.output<typeof recipeSchema>>;
/** Only `nodes` is required. */
export type RecipeInput = z.input<typeof recipeSchema>;
export type RecipeReader = Recipe["readers"][number];

/**
 * Checks what was said and completes it.
 *
 * @throws SettingsError naming every fault
 */
export function parseRecipe(input: unknown): Recipe {
  const parsed = recipeSchema.safeParse(input);
  const own = driverFaults(input).map(({ key, remedy }) => fault([key], input, remedy, secretive));
  const faults = [
    ...(parsed.error?.issues.flatMap((issue) => faultsOf(issue, input, recipeSchema)) ?? []),
    ...own,
    ...(parsed.success ? contradictions(parsed.data) : []),
  ];
  if (!parsed.success || faults.length > 0) throw new SettingsError(faults);
  return { ...parsed.data, source: parsed.data.source || driverOf(parsed.data.driver).source };
}

/** The test's own schema knows that a command may hold a key. */
const secretive = schema;

function contradictions(recipe: Recipe) {
  const { nodes, failover, driver, source, secret, readers } = recipe;
  const refuse = (key: keyof Recipe, remedy: string) => fault([key], recipe, remedy, recipeSchema);
  const twice = readers.find(({ name, kind }, at) =>
    readers.slice(0, at).some((other) => other.name === name && other.kind === kind),
  );
  return [
    ...(nodes.length > 1 && !failover
      ? [
          refuse(
            "nodes",
            "one daemon runs on one node: name it with --node, or have it move between these with --failover",
          ),
        ]
      : []),
    ...(failover && new Set(nodes).size < 2 ? [refuse("nodes", "name a second node to move to")] : []),
    // `:webdav,url=...:` needs no configuration, and a path has no colon in its first part.
    ...(driver === "rclone" && /^[^:/][^/]*:/.test(source) && secret === ""
      ? [refuse("secret", `name the Secret whose key rclone.conf has the remote ${source}`)]
      : []),
    ...(twice ? [refuse("readers", `name ${twice.kind} ${twice.name} once, with all its containers that read`)] : []),
  ];
}

/** Where the daemon mounts: the same path on the node and in every pod. */
export const pointOf = ({ path, mount }: Pick<Recipe, "path" | "mount">): string => `${path}/${mount}`;
