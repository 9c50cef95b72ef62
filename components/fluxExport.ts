/**
 * The export as a Pulumi component: `pulumi up` writes the kustomizations into a GitOps checkout, `pulumi destroy` takes out
 * what it wrote. It touches files only; committing them, and with that the cluster, is left to people and Flux.
 */
import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { repository } from "../base/paths.ts";
import { commandLine } from "../core/contract/commands.ts";
import { parseExported } from "../core/gitops/exported.ts";
import { type FluxSettings, type FluxSettingsInput, fluxSchema } from "../core/settings/flux.ts";
import type { SettingsInput } from "../core/settings/settings.ts";

/** The test's settings, and the export's own below `flux`: see core/settings/flux.ts. */
export type FluxExportArgs = Omit<SettingsInput, "flux"> & {
  readonly flux: FluxSettingsInput & { readonly checkout: string };
};

/** What an export did, as `npm run export -- --json` prints it. */
export interface Exported {
  readonly enabled: boolean;
  readonly changes: readonly { readonly path: string; readonly change: "created" | "updated" | "removed" }[];
  readonly notes: readonly string[];
}

/**
 * Writes the test into a GitOps checkout.
 *
 * ```ts
 * const exported = new FluxExport("homelab", { nodes: ["k3s-w2"], flux: { checkout: "../gitops", cluster: "homelab" } });
 * export const changed = exported.exported.apply(({ changes }) => changes.map(({ path }) => path));
 * ```
 */
export class FluxExport extends pulumi.ComponentResource {
  /** What the last `pulumi up` changed in the checkout. Unknown in a preview. */
  readonly exported: pulumi.Output<Exported>;
  /** The underlying resource, for those who build on it. */
  readonly files: local.Command;

  /**
   * @param name names the instance; the child's name begins with it
   * @throws SettingsError or ZodError naming the faults of the settings, before anything is registered
   */
  constructor(name: string, args: FluxExportArgs, options?: pulumi.ComponentResourceOptions) {
    const { flux: given, ...rest } = args;
    const flux = fluxSchema.parse(given);
    const settings = parseExported(rest);

    super("fuse-propagation-test:index:FluxExport", name, {}, options);

    const stdin = JSON.stringify({ ...settings, flux });
    // The command may hold a key; what the export prints does not.
    this.files = files(name, settings.command === "" ? stdin : pulumi.secret(stdin), flux, { parent: this });
    this.exported = pulumi.unsecret(this.files.stdout).apply((text) => JSON.parse(text) as Exported);

    this.registerOutputs({ exported: this.exported });
  }
}

function files(
  name: string,
  stdin: pulumi.Input<string>,
  flux: FluxSettings,
  options: pulumi.CustomResourceOptions,
): local.Command {
  const { checkout, cluster, path, group, entry } = flux;
  return new local.Command(
    `${name}-files`,
    {
      create: commandLine("export", { json: true }),
      update: commandLine("export", { json: true }),
      delete: commandLine("export", { json: true, remove: true }),
      stdin,
      dir: repository,
      // Another place is another export: the files of the old one are taken out where they were written.
      triggers: [JSON.stringify({ checkout, cluster, path, group, entry })],
      logging: local.Logging.Stderr,
    },
    { ...options, deleteBeforeReplace: true },
  );
}
