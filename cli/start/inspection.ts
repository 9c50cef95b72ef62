/** What `npm start -- --keep` says at its end: what stays, how to look at it, and the command that ends it. */
import { MARKS } from "../../base/marks.ts";
import type { Settings } from "../../core/settings/settings.ts";

/** @param settings those of the run, with the cluster it ran on */
export function inspectionLines(
  kind: "sandbox" | "cluster",
  stack: string,
  { namespace, inspectionMinutes, kubeconfig, context }: Settings,
): string[] {
  const cluster = [...(kubeconfig ? ["--kubeconfig", kubeconfig] : []), ...(context ? ["--context", context] : [])];
  // Of the run's settings and cluster the sweep knows by its claim.
  const end = kind === "sandbox" ? "npm run sandbox -- down" : `npm run sweep -- --stack ${stack}`;
  return [
    `${MARKS.inconclusive} kept: the namespace ${namespace}, its pods for up to ${inspectionMinutes} minutes${kind === "sandbox" ? ", and the sandbox" : ""}`,
    `  look at it: ${words(["kubectl", ...cluster, "-n", namespace, "get", "pods"])}`,
    `  end it:     ${end}`,
  ];
}

/** As a shell reads them back. */
const words = (all: readonly string[]): string =>
  all.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
