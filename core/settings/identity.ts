import { createHash } from "node:crypto";
import { GROUPS, type Settings } from "./schema.ts";

const { place, daemon, questions, objects } = GROUPS;
/** The settings that make a difference to what a run sees; the others say how it is watched, judged, written and reached. */
const DISTINCTIVE: ReadonlySet<string> = new Set([
  ...[place, daemon, questions, objects].flatMap(({ shape }) => Object.keys(shape)),
  "run",
]);

/**
 * The settings with a run that tells apart everything that could make a difference: a run of other settings, or of
 * another version of the probe, is another run, and its pods are never mistaken for this one's.
 *
 * @param scripts the probe's files by name
 */
export function identified(settings: Settings, scripts: Readonly<Record<string, string>>): Settings {
  const distinctive = Object.fromEntries(Object.entries(settings).filter(([key]) => DISTINCTIVE.has(key)));
  const hash = createHash("sha256")
    .update(JSON.stringify([distinctive, scripts]))
    .digest("hex")
    .slice(0, 8);
  return { ...settings, run: `${settings.run}-${hash}` };
}

/**
 * The settings that say where a run makes things, and what its sweep's own pods are made of: all that it takes to remove it. The command
 * is not among them: it may hold a key.
 */
export function swept(settings: Settings) {
  const { nodes, namespace, bridge, owner, kubeconfig, context, tolerations, ...rest } = settings;
  const { producerImage, consumerImage, resources, probeSeconds } = rest;
  const pods = { tolerations, producerImage, consumerImage, resources, probeSeconds };
  return { nodes, namespace, bridge, owner, kubeconfig, context, ...pods };
}
