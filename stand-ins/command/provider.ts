/** The resource `command:local:Command`: runs commands at create, update and delete. */
import { randomBytes } from "node:crypto";
import { changesBetween, isRecord, textAt } from "../protocol/paths.ts";
import type { CheckAnswer, Operation, Provider, Reporter } from "../protocol/provider.ts";
import { type Bag, isUnknown, UNKNOWN } from "../protocol/values.ts";
import { type CommandLine, run } from "./run.ts";

const LOGGING = ["stdout", "stderr", "stdoutAndStderr", "none"];

export function commandProvider(reporter: Reporter): Provider {
  const cancelled = new AbortController();

  /** @param previous outputs of the step before, for the environment; undefined at the first */
  async function execute(operation: Operation, command: string, inputs: Bag, previous?: Bag): Promise<Bag> {
    const timeout = operation.timeoutSeconds > 0 ? [AbortSignal.timeout(operation.timeoutSeconds * 1000)] : [];
    return run(commandLine(command, inputs, previous), {
      signal: AbortSignal.any([cancelled.signal, ...timeout]),
      shown: Object.fromEntries(
        (["stdout", "stderr"] as const)
          .filter((stream) => isLogged(inputs, stream))
          .map((stream) => [stream, (line: string) => reporter.status(operation.urn, line)]),
      ),
    });
  }

  return {
    name: "command",

    async configure() {},

    async check({ type, news }): Promise<CheckAnswer> {
      return { inputs: news, failures: refusals(type, news) };
    },

    diff({ oldInputs, news }) {
      const changes = changesBetween(oldInputs, news).map((change) => ({
        ...change,
        replace: change.path[0] === "triggers",
      }));
      // Unlike an object of one name, two runs of a command do not collide: the official plugin creates first, too.
      return { changes, deleteBeforeReplace: false };
    },

    async create({ inputs, preview, ...operation }) {
      const id = operation.name + randomBytes(4).toString("hex");
      if (preview) return { id, outputs: previewed(inputs) };
      const command = textAt(inputs, "create");
      const outputs = command === undefined ? { stdout: "", stderr: "" } : await execute(operation, command, inputs);
      return { id, outputs: { ...inputs, ...outputs } };
    },

    async update({ inputs, oldOutputs, preview, ...operation }) {
      if (preview) return previewed(inputs);
      const command = textAt(inputs, "update") ?? textAt(inputs, "create");
      const previous = { stdout: oldOutputs.stdout ?? "", stderr: oldOutputs.stderr ?? "" };
      const outputs = command === undefined ? previous : await execute(operation, command, inputs, oldOutputs);
      return { ...inputs, ...outputs };
    },

    // What a command once printed cannot be looked up again.
    async read({ id, oldInputs, oldOutputs }) {
      return { id, inputs: oldInputs, outputs: oldOutputs };
    },

    async delete({ outputs, ...operation }) {
      const command = textAt(outputs, "delete");
      if (command !== undefined) await execute(operation, command, outputs, outputs);
    },

    async cancel() {
      cancelled.abort(new Error("the operation was cancelled"));
    },

    // A command may print any secret it was given.
    secretOutputs: (_, hasSecretInputs) => (hasSecretInputs ? [["stdout"], ["stderr"]] : []),
  };
}

function refusals(type: string, news: Bag): CheckAnswer["failures"] {
  if (type !== "command:local:Command") {
    return [
      {
        property: "",
        reason: `${type} needs the official command plugin; the offline stand-in serves command:local:Command.`,
      },
    ];
  }
  const unserved = ["assetPaths", "archivePaths"].filter((property) => news[property] !== undefined);
  const badTexts = ["create", "update", "delete", "stdin", "dir"].filter((property) => !isOptionalText(news[property]));
  const badLogging = news.logging !== undefined && !isUnknown(news.logging) && !LOGGING.includes(String(news.logging));
  return [
    ...unserved.map((property) => ({
      property,
      reason: `${property} needs the official command plugin; leave it out offline.`,
    })),
    ...badTexts.map((property) => ({
      property,
      reason: `expected a string, found ${JSON.stringify(news[property])}.`,
    })),
    ...(badLogging
      ? [{ property: "logging", reason: `expected one of ${LOGGING.join(", ")}, found "${news.logging}".` }]
      : []),
  ];
}

function commandLine(command: string, inputs: Bag, previous: Bag | undefined): CommandLine {
  const interpreter =
    Array.isArray(inputs.interpreter) && inputs.interpreter.length > 0
      ? inputs.interpreter.map(String)
      : ["/bin/sh", "-c"];
  const own = isRecord(inputs.environment)
    ? Object.entries(inputs.environment).map(([key, value]) => [key, String(value)])
    : [];
  const previousOutput =
    inputs.addPreviousOutputInEnv === false
      ? []
      : ["stdout", "stderr"]
          .map((stream) => [`PULUMI_COMMAND_${stream.toUpperCase()}`, textAt(previous, stream) ?? ""])
          .filter(([, text]) => text !== "");
  return {
    command,
    interpreter,
    environment: { ...process.env, ...Object.fromEntries(own), ...Object.fromEntries(previousOutput) },
    stdin: textAt(inputs, "stdin") ?? "",
    dir: textAt(inputs, "dir") ?? process.cwd(),
  };
}

function previewed(inputs: Bag): Bag {
  return { ...inputs, stdout: UNKNOWN, stderr: UNKNOWN };
}

function isLogged(inputs: Bag, stream: "stdout" | "stderr"): boolean {
  const logging = textAt(inputs, "logging") ?? "stdoutAndStderr";
  return logging === stream || logging === "stdoutAndStderr";
}

function isOptionalText(value: unknown): boolean {
  return value === undefined || value === null || typeof value === "string";
}
