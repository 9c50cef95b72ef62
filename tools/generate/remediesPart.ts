/** The part of docs/troubleshooting.md on a root mount that is to stay shared, for each kind of node. */
import type { NodeWords } from "../../core/diagnosis/remedies/remedy.ts";
import { RECIPES, type SharedRootRecipe } from "../../core/diagnosis/remedies/sharedRoot.ts";
import { dropIn } from "../../core/diagnosis/remedies/units.ts";

export function remediesPart(): string[] {
  return [
    "## A root mount that stays shared",
    "`mount --make-rshared /` helps at once, with no restart of the kubelet or the runtime (tried end to end), and is gone after a reboot. What makes it last depends on the node; a verdict `node-root-private` or `bridge-mount-private` prints what fits what the node says of itself, or, where nodes may not be read, only the command. The units of an agent or a worker have names of their own, which a verdict knows. Of what is to survive a reboot nothing was tried here: the sandbox's nodes have no systemd, no OpenRC, and no boot.",
    "**Nodes with systemd.** A drop-in for the unit that starts the containers:",
    fenced("", [dropIn("/")]),
    [
      "| node | known by | drop-in | tried | from |",
      "|---|---|---|---|---|",
      ...RECIPES.filter(isDropIn).map(row),
    ].join("\n"),
    [...new Set(RECIPES.filter(isDropIn).flatMap((recipe) => recipe.steps("/", words(recipe)).remarks))]
      .map((remark) => `- ${remark}`)
      .join("\n"),
    ...RECIPES.filter((recipe) => !isDropIn(recipe)).flatMap(section),
  ];
}

const fileOf = (recipe: SharedRootRecipe): string => recipe.steps("/", words(recipe)).files[0]?.path ?? "";
const isDropIn = (recipe: SharedRootRecipe): boolean => fileOf(recipe).startsWith("/etc/systemd/");
const triedOf = ({ tried }: SharedRootRecipe): string => (tried ? "tried end to end" : "not tried here");

const row = (recipe: SharedRootRecipe): string =>
  `| ${recipe.title} | ${recipe.knownBy} | \`${fileOf(recipe)}\` | ${triedOf(recipe)} | ${recipe.sources.join(", ")} |`;

/** As a server of that kind would say it; of an agent only the unit's name differs. */
const words = ({ id }: SharedRootRecipe): NodeWords => ({
  osImage: "",
  kernel: "",
  kubelet: id === "kubelet" ? "v1" : `v1+${id}`,
  providerId: "",
  labels: ["node-role.kubernetes.io/control-plane=true", ...(id === "microk8s" ? ["microk8s.io/cluster=true"] : [])],
  kubeletRoot: "",
});

function section(recipe: SharedRootRecipe): string[] {
  const { title, knownBy, sources } = recipe;
  const { now, files, after, remarks } = recipe.steps("/", words(recipe));
  return [
    `**${title}.** Known by ${knownBy}; ${triedOf(recipe)}.`,
    ...(now.length > 0 ? ["At once, until the next boot:", fenced("sh", now)] : []),
    ...files.flatMap(({ path, text, executable }) => [
      `To last, \`${path}\`${executable ? ", executable" : ""}:`,
      fenced("", [text]),
    ]),
    ...(after.length > 0 ? ["And then:", fenced("sh", after)] : []),
    ...(remarks.length > 0 ? [remarks.map((remark) => `- ${remark}`).join("\n")] : []),
    `From ${sources.join(", ")}.`,
  ];
}

const fenced = (language: string, lines: readonly string[]): string =>
  [`\`\`\`${language}`, ...lines, "```"].join("\n");
