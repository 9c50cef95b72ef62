/** Runs a Pulumi program with the SDK's `cmd/run`. */
import type * as Messages from "@pulumi/pulumi/proto/language_pb.js";
import pb from "@pulumi/pulumi/proto/language_pb.js";
import { optionsOf, start, within } from "../protocol/runner.ts";

/** The program has already logged what is wrong: the engine need not add to it. */
const EXIT_AFTER_LOGGED_ERROR = 32;

/** Runs the program to its end; its own output goes to the engine as ours. */
export async function runProgram(
  request: Messages.RunRequest,
  engineAddress: string,
  cancelled: AbortSignal,
): Promise<Messages.RunResponse> {
  const { directory, options } = optionsOf(request.getInfo());
  let runner: string;
  try {
    runner = within(directory, "@pulumi/pulumi/cmd/run", "pulumi install");
  } catch (error) {
    return new pb.RunResponse().setError((error as Error).message);
  }
  const child = start(
    [
      ...options.nodeArguments,
      runner,
      ...flags(request, engineAddress),
      request.getInfo()?.getEntryPoint() || ".",
      ...request.getArgsList(),
    ],
    {
      env: {
        ...process.env,
        PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().toArray().map(oldSpelling))),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
        ...options.environment,
      },
      signal: cancelled,
    },
  );
  // The first line of our stdout was the port; what follows the engine reads as log.
  child.stdout.pipe(process.stdout, { end: false });
  child.stderr.pipe(process.stderr, { end: false });
  const status = await new Promise<number | string>((done) => {
    child.on("error", (error) => done(error.message));
    child.on("close", (code, signal) => done(code ?? signal ?? "unknown"));
  });
  if (status === 0) return new pb.RunResponse();
  if (status === EXIT_AFTER_LOGGED_ERROR) return new pb.RunResponse().setBail(true);
  const what =
    typeof status === "number"
      ? `Program exited with non-zero exit code: ${status}`
      : `Problem executing program (could not run language executor): ${status}`;
  return new pb.RunResponse().setError(what);
}

function flags(request: Messages.RunRequest, engineAddress: string): string[] {
  const values = {
    monitor: request.getMonitorAddress(),
    engine: engineAddress,
    organization: request.getOrganization(),
    project: request.getProject(),
    "root-directory": request.getInfo()?.getRootDirectory() ?? "",
    stack: request.getStack(),
    pwd: request.getInfo()?.getProgramDirectory() ?? "",
  };
  return [
    ...Object.entries(values).flatMap(([name, value]) => (value === "" ? [] : [`--${name}`, value])),
    ...(request.getDryrun() ? ["--dry-run"] : []),
    "--parallel",
    String(request.getParallel()),
  ];
}

/** `project:key` as `project:config:key`, as the official host spells it for older SDKs; every SDK reads both. */
function oldSpelling([key, value]: [string, string]): [string, string] {
  const at = key.indexOf(":");
  return [`${key.slice(0, at)}:config:${key.slice(at + 1)}`, value];
}
