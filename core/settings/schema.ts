/**
 * What an operator can set, in groups by purpose.
 *
 * The schema is the one list of settings: the config block of Pulumi.yaml is generated from it, with the same groups and
 * descriptions, and `pulumi config` shows them.
 */
import { z } from "zod";
import { DECISION } from "../contract/decision.ts";
import { DRIVER_IDS } from "../contract/drivers.ts";
import { DEFAULT_SCENARIOS } from "../contract/scenarios.ts";
import { TIMES, type Times } from "../contract/times.ts";
import { fluxSchema } from "./flux.ts";
import {
  bridgeFault,
  commandFault,
  imageFault,
  markerFileFault,
  namespaceFault,
  nodeFault,
  quantityFault,
  scenariosFault,
} from "./validators.ts";

/** A text that must pass a check; the check's words are the fault's remedy. */
export const checked = (check: (value: string) => string | undefined) =>
  z.string().superRefine((value, context) => {
    const remedy = check(value);
    if (remedy) context.addIssue({ code: "custom", message: remedy });
  });

export const seconds = (from: number, to: number) =>
  z.number().int("give whole seconds").min(from, `give ${from} or more`).max(to, `give ${to} or less`);

export const toleration = z
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

interface Amount {
  readonly cpu: string;
  readonly memory: string;
}
const amounts = ({ cpu, memory }: Amount) =>
  z
    .strictObject({ cpu: checked(quantityFault).default(cpu), memory: checked(quantityFault).default(memory) })
    .prefault({});
/** Requests and limits, with these where nothing is said. */
export const limits = (requests: Amount, most: Amount) =>
  z.strictObject({ requests: amounts(requests), limits: amounts(most) }).prefault({});

const place = {
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
};

const ready = DRIVER_IDS.filter((driver) => driver !== "command");

const daemon = {
  producerImage: checked(imageFault)
    .default("rclone/rclone:1.71.2")
    .describe("Image of the producer: a POSIX shell with awk, stat, timeout and umount, and the FUSE driver."),
  consumerImage: checked(imageFault)
    .default("rclone/rclone:1.71.2")
    .describe("Image of the consumer: a POSIX shell with awk, stat and timeout. The producer's saves a second pull."),
  driver: z
    .enum(DRIVER_IDS)
    .default("rclone")
    .describe(
      `FUSE file system the producer mounts, with programs of its image: ${ready.join(", ").replace(/, (?=\w+$)/, " or ")}; command: your own daemon.`,
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
  clearDeadMount: z
    .boolean()
    .default(true)
    .describe(
      "Whether the mount of a daemon that died is taken away before it mounts again, as the printed fragment does it; false: what becomes of a deployment that does not.",
    ),
};

/** The times, as core/contract/times.ts has them. */
const times = Object.fromEntries(
  Object.entries(TIMES).map(([key, { from, to, usual, means }]) => [
    key,
    seconds(from, to).default(usual).describe(means),
  ]),
) as { readonly [Name in keyof Times]: z.ZodDefault<z.ZodNumber> };
const { collectSeconds, ...steps } = times;

const questions = {
  scenarios: z
    .array(z.string())
    .superRefine((list, context) => {
      const fault = scenariosFault(list);
      if (fault) context.addIssue({ code: "custom", path: [fault.index], message: fault.remedy });
    })
    .default([...DEFAULT_SCENARIOS])
    .describe("Scenarios to run, by name; all for every one, !name to leave one out. See docs/scenarios.md."),
  ...steps,
};

const objects = {
  resources: z
    .strictObject({
      producer: limits({ cpu: "50m", memory: "64Mi" }, { cpu: "1", memory: "256Mi" }),
      consumer: limits({ cpu: "10m", memory: "16Mi" }, { cpu: "500m", memory: "64Mi" }),
    })
    .prefault({})
    .describe(
      "Requests and limits of the producer and of each container of the consumer: cpu in cores (50m is 0.05), memory in bytes (64Mi).",
    ),
  admission: z
    .boolean()
    .default(false)
    .describe(
      "Whether the isolation rules are put into the cluster too, as admission policies of the test's namespace.",
    ),
};

const identity = {
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
};

/** One line that fits into the stack's outputs: the engine cuts longer texts on a terminal. */
const sentence = z
  .string()
  .trim()
  .regex(/^\P{Cc}{1,150}$/u, "say it in one line of 1 to 150 characters");

const verdict = {
  collectSeconds,
  failOn: z
    .enum(["never", "failure", "inconclusive"])
    .default("never")
    .describe(
      "Which verdicts make `pulumi up` fail: never (none does), failure, or inconclusive (anything but success).",
    ),
  decision: z
    .strictObject({
      success: sentence.default(DECISION.success),
      failure: sentence.default(DECISION.failure),
      waysOut: z.array(sentence).default([...DECISION.waysOut]),
    })
    .prefault({})
    .describe(
      "What you decide by the verdict, in your own words: success and failure, a sentence each; waysOut: what else you can do after a failure.",
    ),
};

const output = {
  mode: z.enum(["run", "flux"]).default("run").describe("run: test now; flux: write the test as Flux kustomizations."),
  flux: fluxSchema
    .prefault({})
    .describe(
      "Where and how the export is written: checkout, cluster, path, group, entry, enabled, force, kustomization.",
    ),
};

const cluster = {
  kubeconfig: z.string().default("").describe("Path of a kubeconfig file; empty: as kubectl finds it."),
  context: z.string().default("").describe("Context of the kubeconfig to use; empty: its current one."),
};

/** The settings by purpose, in the order in which they are shown. */
export const GROUPS = {
  place: { title: "Where the test runs", shape: place },
  daemon: { title: "What is mounted", shape: daemon },
  questions: { title: "What is asked, and the time for each step", shape: questions },
  objects: { title: "What else the test puts into the cluster", shape: objects },
  identity: { title: "Which run it is, and whose", shape: identity },
  verdict: { title: "What becomes of the verdict", shape: verdict },
  output: { title: "Where the test is written instead of run", shape: output },
  cluster: { title: "Which cluster", shape: cluster },
} as const;

export const schema = z.strictObject({
  ...place,
  ...daemon,
  ...questions,
  ...objects,
  ...identity,
  ...verdict,
  ...output,
  ...cluster,
});

/** Settings as the rest of the program reads them: complete, checked, never changed. */
export type Settings = Readonly<z.output<typeof schema>>;
/** Settings as an operator gives them: only `nodes` is required. */
export type SettingsInput = z.input<typeof schema>;
export type Amounts = Settings["resources"]["producer"];

/** Settings that may hold a key of a service. They are kept where only their user reads them, and printed nowhere. */
export const SECRET: ReadonlySet<unknown> = new Set<keyof Settings>(["command"]);
