/** docs/scenarios.md: what each scenario asks, how its pair differs, and what its answers mean. */
import { DEFAULT_SCENARIOS, SCENARIOS, type Scenario, type Variation } from "../core/contract/scenarios.ts";

const FAULTS = {
  none: undefined,
  crash: "the daemon is killed (SIGKILL) and started again",
  hang: "the daemon is stopped (SIGSTOP); then its connection is aborted, and it is started again",
  die: "the daemon's whole container dies, and the kubelet restarts it",
} as const;

export function scenariosPage(): string {
  return `${[
    "<!-- Written by docs/generate.ts from core/contract/scenarios.ts: change it there. -->",
    "# Scenarios",
    'What is asked beyond "is the mount seen?". The base pair of pods answers the first three in its own schedule; each other scenario has a pair of its own, changed in one way, with a directory of its own below the bridge. Pairs take turns, so each one adds about twenty seconds. The grade is the base pair\'s; a scenario adds a finding with its evidence. Where the mount does not cross at all, no scenario is asked.',
    [
      "```sh",
      "npm start -- --scenario all                        # every one",
      "npm start -- --scenario late-consumer empty-dir    # these, and the propagation itself",
      "npm start -- --scenario all '!daemon-hang'         # all but one",
      "pulumi config set --path 'scenarios[0]' all        # for a stack, or an export to Flux",
      "```",
    ].join("\n"),
    `By default: ${DEFAULT_SCENARIOS.map((id) => `\`${id}\``).join(", ")}.`,
    ...SCENARIOS.map(entry),
  ].join("\n\n")}\n`;
}

function entry(scenario: Scenario): string {
  const { id, decides, pair, yes, no, expected } = scenario;
  return [
    `## ${id}`,
    `**Decides.** ${decides}`,
    `**How.** ${pair === "base" ? "In the base pair's schedule." : `${capital(differences(pair).join("; "))}.`}`,
    ...(pair === "base"
      ? []
      : [
          `**${expected ? `Caught (\`${expected}\`)` : "Yes"}.** ${yes}`,
          `**${expected ? "Not caught" : "No"}.** ${no}`,
        ]),
  ].join("\n\n");
}

function differences(pair: Variation): string[] {
  return [
    pair.layout === "leaf" ? "in both pods the volume is mounted at the mount point itself" : undefined,
    pair.bridge === "emptyDir" ? "the bridge is an emptyDir in each pod" : undefined,
    pair.unmountAtStart ? "the daemon unmounts its mount point before it mounts" : undefined,
    pair.delaySeconds ? `the daemon takes ${pair.delaySeconds} seconds before it mounts` : undefined,
    pair.late ? "the consumer is created after the first mount" : undefined,
    FAULTS[pair.fault],
    pair.readersRestart ? "each reader ends at its first dead read, and the kubelet starts it again" : undefined,
  ].filter((one) => one !== undefined);
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
