import { createHash } from "node:crypto";
import type { Settings } from "./settings.ts";

/**
 * The settings with a run that tells apart everything that could make a difference: a run of other settings, or of
 * another version of the probe, is another run, and its pods are never mistaken for this one's.
 *
 * @param scripts the probe's files by name
 */
export function identified(settings: Settings, scripts: Readonly<Record<string, string>>): Settings {
  const {
    kubeconfig: _,
    context: __,
    failOn: ___,
    collectSeconds: ____,
    mode: _____,
    flux: ______,
    owner: _______,
    ...told
  } = settings;
  const hash = createHash("sha256")
    .update(JSON.stringify([told, scripts]))
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
  const { producerImage, consumerImage, resources } = rest;
  return { nodes, namespace, bridge, owner, kubeconfig, context, tolerations, producerImage, consumerImage, resources };
}
