/**
 * What an operator can set, and what is refused before anything is created.
 *
 * The schema is the one list of knobs: Pulumi.yaml declares the same keys (a test compares them), README and
 * `pulumi config` show the same descriptions. Every fault of an input is reported at once, each with its key, its
 * value and the remedy.
 */
import { z } from "zod";
import { DEFAULT_SCENARIOS, scenariosFault } from "../contract/scenarios.ts";
import { fluxSchema } from "../gitops/settings.ts";
import { deadlineFaults } from "../plan/deadlines.ts";
import { nearest } from "./nearest.ts";
import { driverFaults } from "./ownDriver.ts";
import {
  bridgeFault,
  commandFault,
  imageFault,
  markerFileFault,
  namespaceFault,
  nodeFault,
  quantityFault,
} from "./validators.ts";

/** A text that must pass a check; the check's words are the fault's remedy. */
const checked = (check: (value: string) => string | undefined) =>
  z.string().superRefine((value, context) => {
    const remedy = check(value);
    if (remedy) context.addIssue({ code: "custom", message: remedy });
  });

const seconds = (from: number, to: number) =>
  z.number().int("give whole seconds").min(from, `give ${from} or more`).max(to, `give ${to} or less`);

const toleration = z
  .strictObject({
    key: z.string().min(1, "name the taint's key: a toleration without one tolerates everything"),
    operator: z.enum(["Equal", "Exists"]).default("Equal"),
    value: z.string().optional(),
    effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]),
  })
  .superRefine((value, context) => {
    if (value.operator === "Exists" && value.value !== undefined)
      context.addIssue({ code: "custom", path: ["value"], message: "drop the value, or use operator Equal" });
  });

const amounts = z.strictObject({ cpu: checked(quantityFault), memory: checked(quantityFault) });
type Amount = z.output<typeof amounts>;
const limits = (requests: Amount, most: Amount) =>
  z.strictObject({ requests: amounts.default(requests), limits: amounts.default(most) }).prefault({});

export const schema = z.strictObject({
  nodes: z
    .array(checked(nodeFault))
    .min(1, "name at least one node, as `kubectl get nodes` shows it")
    .superRefine((nodes, context) => {
      const twice = nodes.find((node, index) => nodes.indexOf(node) !== index);
      if (twice !== undefined) context.addIssue({ code: "custom", message: `name ${twice} only once` });
    })
    .describe("Nodes to test, each by its metadata.name."),
  namespace: checked(namespaceFault).default("fuse-test").describe("Namespace made for the test and removed with it."),
  bridge: checked(bridgeFault)
    .default("/tmp/fuse-test-bridge")
    .describe("hostPath directory both pods mount; the FUSE file system is mounted one level below it."),
  tolerations: z
    .array(toleration)
    .default([])
    .describe(
      "Taints of the nodes that the pods may stand, each with key, operator (Equal or Exists), value and effect (NoSchedule, PreferNoSchedule or NoExecute).",
    ),
  producerImage: checked(imageFault)
    .default("rclone/rclone:1.71.2")
    .describe("Image of the producer: a POSIX shell with awk, stat, timeout and umount, and the FUSE driver."),
  consumerImage: checked(imageFault)
    .default("rclone/rclone:1.71.2")
    .describe("Image of the consumer: a POSIX shell with awk, stat and timeout. The producer's saves a second pull."),
  driver: z
    .enum(["rclone", "squashfuse", "bindfs", "command"])
    .default("rclone")
    .describe(
      "FUSE file system the producer mounts, with programs of its image: rclone, squashfuse or bindfs; command: your own daemon.",
    ),
  command: checked(commandFault)
    .default("")
    .describe(
      "With driver command: the shell command that runs your daemon in the foreground; its environment has MOUNT, SOURCE and ALLOW_OTHER.",
    ),
  markerFile: checked(markerFileFault)
    .default("")
    .describe(
      "With driver command, where nothing can be written through the mount: a file that your daemon's file system holds, relative to the mount point.",
    ),
  markerWaitSeconds: seconds(1, 3600).default(30).describe("How long the consumer waits for the marker, in seconds."),
  settleSeconds: seconds(0, 600)
    .default(3)
    .describe("How long the producer waits before it mounts, so that the consumer is there first, in seconds."),
  mountSeconds: seconds(1, 600).default(10).describe("How long the FUSE daemon may take to mount, in seconds."),
  scenarios: z
    .array(z.string())
    .superRefine((list, context) => {
      const fault = scenariosFault(list);
      if (fault) context.addIssue({ code: "custom", path: [fault.index], message: fault.remedy });
    })
    .default([...DEFAULT_SCENARIOS])
    .describe("Scenarios to run, by name; all for every one, !name to leave one out. See docs/scenarios.md."),
  holdSeconds: seconds(1, 3600)
    .default(3)
    .describe("How long the first mount is held before its daemon is killed, in seconds."),
  staleSeconds: seconds(1, 3600)
    .default(2)
    .describe("How long the dead mount is left before it is taken away, in seconds."),
  recoverSeconds: seconds(1, 3600)
    .default(4)
    .describe("How long the second mount is held before it is unmounted in order, in seconds."),
  probeSeconds: seconds(1, 60).default(2).describe("Deadline of every single stat and read, in seconds."),
  inspectionMinutes: seconds(1, 24 * 60)
    .default(30)
    .describe("How long the pods stay for inspection before they end by themselves, in minutes."),
  collectSeconds: seconds(10, 3600)
    .default(300)
    .describe("How long to wait for a verdict, image pulls included, in seconds."),
  resources: z
    .strictObject({
      producer: limits({ cpu: "50m", memory: "64Mi" }, { cpu: "1", memory: "256Mi" }),
      consumer: limits({ cpu: "10m", memory: "16Mi" }, { cpu: "500m", memory: "64Mi" }),
    })
    .prefault({})
    .describe(
      "Requests and limits of the producer and of each container of the consumer: cpu in cores (50m is 0.05), memory in bytes (64Mi).",
    ),
  mode: z.enum(["run", "flux"]).default("run").describe("run: test now; flux: write the test as Flux kustomizations."),
  admission: z
    .boolean()
    .default(false)
    .describe(
      "Whether the isolation rules are put into the cluster too, as admission policies of the test's namespace.",
    ),
  flux: fluxSchema
    .prefault({})
    .describe(
      "Where and how the export is written: checkout, cluster, path, group, entry, enabled, force, kustomization.",
    ),
  failOn: z
    .enum(["never", "failure", "inconclusive"])
    .default("never")
    .describe(
      "Which verdicts make `pulumi up` fail: never (none does), failure, or inconclusive (anything but success).",
    ),
  run: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/, "use 1 to 40 of a-z, 0-9 and -, as in a label")
    .default("manual")
    .describe("Identity of this run, carried by the marker. A new value replaces the pods and tests again."),
  owner: z
    .string()
    .regex(/^([\w.@:/+-]{0,200})$/, "use up to 200 letters, digits and _ . @ : / + -, such as alice@laptop")
    .default("")
    .describe("Whose test this is, as an annotation of its namespace tells other runs; empty: USER@HOST/STACK."),
  kubeconfig: z.string().default("").describe("Path of a kubeconfig file; empty: as kubectl finds it."),
  context: z.string().default("").describe("Context of the kubeconfig to use; empty: its current one."),
});

/** Settings as the rest of the program reads them: complete, checked, never changed. */
export type Settings = Readonly<z.output<typeof schema>>;
/** Settings as an operator gives them: only `nodes` is required. */
export type SettingsInput = z.input<typeof schema>;
export type Toleration = Settings["tolerations"][number];
export type Amounts = Settings["resources"]["producer"];

/** One thing wrong with an input. */
export interface Fault {
  /** Dotted key, as `pulumi config set --path` takes it: `nodes[0]`. */
  readonly key: string;
  /** The refused value as JSON, shortened; `(missing)` where there is none, `(not shown)` where it may be a secret. */
  readonly value: string;
  /** What to do instead. */
  readonly remedy: string;
}

/** Thrown by `parseSettings`: every fault of the input, in the order of the keys. */
export class SettingsError extends Error {
  readonly faults: readonly Fault[];
  constructor(faults: readonly Fault[]) {
    const lines = faults.map(({ key, value, remedy }) => `  ${key} = ${value}: ${remedy}`);
    super(`${faults.length === 1 ? "a setting is" : `${faults.length} settings are`} refused:\n${lines.join("\n")}`);
    this.name = "SettingsError";
    this.faults = faults;
  }
}

/**
 * Checks an operator's settings and completes them with the defaults.
 *
 * @throws SettingsError naming every fault.
 */
export function parseSettings(input: unknown): Settings {
  const parsed = schema.safeParse(input);
  const faults = [
    ...(parsed.error?.issues.flatMap((issue) => faultsOf(issue, input)) ?? []),
    ...driverFaults(input).map(({ key, remedy }) => fault([key], input, remedy)),
    // Of the completed settings: a default can contradict what was given.
    ...(parsed.success ? deadlineFaults(parsed.data).map(({ key, remedy }) => fault([key], parsed.data, remedy)) : []),
  ];
  if (parsed.success && faults.length === 0) return parsed.data;
  throw new SettingsError(faults);
}

/**
 * Settings from Pulumi's stack configuration, where every value is a text: what the schema does not take as a text
 * is read as JSON, the form in which Pulumi hands over structured values, numbers and booleans.
 *
 * @param all every configuration value by its full key, as `pulumi.runtime.allConfig()` gives them
 * @param more settings that the configuration does not hold
 * @param project keys of other namespaces (`kubernetes:context`) are not ours to judge
 * @throws SettingsError naming every fault.
 */
export function settingsFromConfig(
  all: Readonly<Record<string, string>>,
  project: string,
  more: Partial<SettingsInput> = {},
): Settings {
  const own = Object.entries(all).filter(([key]) => key.startsWith(`${project}:`));
  const given = own.map(([key, text]) => [key.slice(project.length + 1), decode(key, project, text)]);
  return parseSettings({ ...Object.fromEntries(given), ...more });
}

function decode(fullKey: string, project: string, text: string): unknown {
  const field = schema.shape[fullKey.slice(project.length + 1) as keyof typeof schema.shape];
  if (field === undefined || field.safeParse(text).success) return text;
  try {
    const value: unknown = JSON.parse(text);
    // A text key with a number-like value is a mistyped text, not a number: show it as it was written.
    return typeof value === "object" || field.safeParse(value).success ? value : text;
  } catch {
    return text;
  }
}

function faultsOf(issue: z.core.$ZodIssue, input: unknown): Fault[] {
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(issue.path);
    return issue.keys.map((key) => fault([...issue.path, key], input, unknownKey(key, known)));
  }
  return [fault(issue.path, input, remedyOf(issue))];
}

function remedyOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") return `give ${article(issue.expected)}`;
  if (issue.code === "invalid_value") return `use one of ${issue.values.join(", ")}`;
  return issue.message;
}

const article = (type: string): string =>
  ({ string: "a text", number: "a number", int: "a whole number", array: "a list", object: "a map" })[type] ?? type;

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  return near ? `there is no such key; did you mean ${near}?` : `there is no such key; known are ${known.join(", ")}`;
}

function knownKeys(path: readonly PropertyKey[]): string[] {
  const [first, second] = path;
  if (first === "tolerations") return Object.keys(toleration.shape);
  if (first === "flux") return Object.keys(fluxSchema.shape);
  if (first === "resources")
    return second === undefined
      ? ["producer", "consumer"]
      : path.length === 2
        ? ["requests", "limits"]
        : ["cpu", "memory"];
  return Object.keys(schema.shape);
}

function fault(path: readonly PropertyKey[], input: unknown, remedy: string): Fault {
  const value = path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], input);
  const key = path.map((part, index) =>
    typeof part === "number" ? `[${part}]` : `${index ? "." : ""}${String(part)}`,
  );
  const [first] = path;
  const secret = !Object.hasOwn(schema.shape, first ?? "nodes") || SECRET.has(first);
  return {
    key: key.join("") || "(settings)",
    value: secret && value !== undefined ? "(not shown)" : shown(value),
    remedy,
  };
}

/** Settings that may hold a key of a service. They are kept where only their user reads them, and printed nowhere. */
export const SECRET: ReadonlySet<unknown> = new Set<keyof Settings>(["command"]);

function shown(value: unknown): string {
  if (value === undefined) return "(missing)";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
