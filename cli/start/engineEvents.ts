/**
 * What a person is shown of the engine's events: each fact once, in the words of the progress lines, whichever plugins run.
 * Errors and violations of a policy are always shown.
 */
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { MARKS } from "../../base/marks.ts";
import { printable } from "../../base/printable.ts";

type Diagnostic = NonNullable<EngineEvent["diagnosticEvent"]>;
type Violation = NonNullable<EngineEvent["policyEvent"]>;

/** The engine also sends what it logs for its own developers (`debug`), and what programs write to standard error. */
const SHOWN: ReadonlySet<string> = new Set(["info", "warning", "error"]);
const SIGNS: Readonly<Record<string, string>> = { error: MARKS.failure, warning: MARKS.inconclusive };

/**
 * @param write takes the lines, one at a time
 * @param verbose true: everything that the engine says, each line with its resource, and each step
 */
export function eventPrinter(write: (line: string) => unknown, verbose = false): (event: EngineEvent) => void {
  const print = (line: string) => write(printable(line));
  if (verbose)
    return (event) => {
      for (const line of everything(event)) print(line);
    };
  const printed = new Set<string>();
  const isNew = (urn: string | undefined, text: string): boolean => {
    const before = printed.size;
    return printed.add(`${urn} ${text}`).size > before;
  };
  return ({ policyEvent: policy, diagnosticEvent: said }) => {
    if (policy && isNew(policy.resourceUrn, violation(policy))) print(violation(policy));
    if (!said || !isNews(said)) return;
    const { urn, severity } = said;
    const text = uncoloured(said.message);
    // Preview and update say much alike. A command's progress is its own, and may repeat itself.
    if (!isNew(urn, text) && !said.ephemeral) return;
    const [first = "", ...more] = text.split("\n");
    // A command that fails is quoted by its plugin with all that it printed, which was shown as it came.
    const sign = SIGNS[severity];
    print(sign ? `${sign} ${first}` : first);
    for (const line of more.filter((one) => !printed.has(`${urn} ${one}`))) print(sign ? `  ${line}` : line);
  };
}

/**
 * What a plugin says of its own waiting is none: the collector watches the same pods, and what becomes of those that are being
 * deleted is of no interest. The engine marks such lines as ephemeral, and those of the test's commands, which are shown.
 */
function isNews({ severity, ephemeral, urn, message }: Diagnostic): boolean {
  if (!SHOWN.has(severity) || uncoloured(message) === "") return false;
  if (severity === "error") return true;
  if (ephemeral) return typeOf(urn) === "command:local:Command";
  return !/^(warning: )?using pulumi-[a-z]+-\w+ from \$PATH/.test(uncoloured(message));
}

function* everything({ policyEvent: policy, diagnosticEvent: said, resOutputsEvent: done }: EngineEvent) {
  if (policy) yield violation(policy);
  if (done) yield `${MARKS.note} ${done.metadata.op} ${done.metadata.type} ${nameOf(done.metadata.urn)}`;
  // Without a resource it is what the engine logs for its own developers.
  if (!said || ((said.severity as string) === "debug" && !said.urn) || uncoloured(said.message) === "") return;
  const whose = nameOf(said.urn);
  for (const line of uncoloured(said.message).split("\n"))
    yield `${SIGNS[said.severity] ?? MARKS.note} ${whose ? `${whose}: ` : ""}${line}`;
}

const violation = ({ enforcementLevel, policyName, message }: Violation): string =>
  `${enforcementLevel === "mandatory" ? MARKS.failure : MARKS.inconclusive} policy ${policyName}: ${uncoloured(message)}`;

/** The engine colours some of its texts, in marks of its own or a terminal's. */
const uncoloured = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the colours of a terminal
  text.replace(/<\{%[^%]*%\}>|\u001b\[[0-9;]*m/g, "").trimEnd();

/** `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME` */
const typeOf = (urn = ""): string => urn.split("::")[2]?.split("$").at(-1) ?? "";
const nameOf = (urn = ""): string => urn.split("::").slice(3).join("::");
