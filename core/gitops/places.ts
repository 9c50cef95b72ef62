import type { FluxSettings } from "../settings/flux.ts";

/** Every path of the export, relative to the checkout. */
export interface Places {
  readonly cluster: string;
  readonly group: string;
  readonly entry: string;
}

export function places(flux: FluxSettings): Places {
  const cluster = flux.path.replace("{cluster}", flux.cluster);
  return { cluster, group: `${cluster}/${flux.group}`, entry: `${cluster}/${flux.group}/${flux.entry}` };
}
