/** What `npm start -- --keep` says at its end: what stays, how to look at it, and the command that ends it. */
import type { Settings } from "../core/settings.ts";
import type { SettingsOptions } from "./options.ts";

/** @param settings those of the run, with the cluster it ran on */
export function keptLines(
  kind: "sandbox" | "cluster",
  options: SettingsOptions,
  { namespace, inspectionMinutes, kubeconfig, context }: Settings,
): string[] {
  const cluster = [...(kubeconfig ? ["--kubeconfig", kubeconfig] : []), ...(context ? ["--context", context] : [])];
  const end =
    kind === "sandbox" ? ["npm", "run", "sandbox", "--", "down"] : ["npm", "run", "sweep", "--", ...same(options)];
  return [
    `‼ kept: the namespace ${namespace}, its pods for up to ${inspectionMinutes} minutes${kind === "sandbox" ? ", and the sandbox" : ""}`,
    `  look at it: ${words(["kubectl", ...cluster, "-n", namespace, "get", "pods"])}`,
    `  end it:     ${words(end)}`,
  ];
}

/** The options again that say which cluster, namespace, nodes and bridge it was. */
const same = ({ stack, context, kubeconfig, node, set }: SettingsOptions): string[] => [
  ...["--stack", stack],
  ...(context ? ["--context", context] : []),
  ...(kubeconfig ? ["--kubeconfig", kubeconfig] : []),
  ...(node ? ["--node", ...node] : []),
  ...(set ? ["--set", ...set] : []),
];

/** As a shell reads them back. */
const words = (all: readonly string[]): string =>
  all.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
