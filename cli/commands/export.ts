/**
 * Writes the test into a GitOps checkout as kustomizations for Flux, and turns it on and off there by one line. It commits
 * nothing: what it changed is for a person to review.
 */
import { Option } from "commander";
import { UserError } from "../../base/problem.ts";
import { exportedFiles } from "../../core/gitops/export.ts";
import { parseExported } from "../../core/gitops/exported.ts";
import { places } from "../../core/gitops/places.ts";
import { type Action, type GitopsPlan, plan } from "../../core/gitops/plan.ts";
import { type FluxSettings, fluxSchema } from "../../core/settings/flux.ts";
import { parseSettings, type Settings } from "../../core/settings/settings.ts";
import { probeScripts } from "../../probe/scripts.ts";
import { command, optionsIn } from "../command.ts";
import { type Checkout, openCheckout } from "../export/checkout.ts";
import { withoutGuess } from "../export/refusals.ts";
import { report, reportDrift } from "../export/report.ts";
import { givenSettings, type SettingsOptions, settingsOptions, stdinOption, stdinSettings } from "../options.ts";
import { EXIT } from "../run.ts";

interface Options extends SettingsOptions {
  readonly out?: string;
  readonly cluster?: string;
  readonly enable?: boolean;
  readonly disable?: boolean;
  readonly remove?: boolean;
  readonly check?: boolean;
  readonly force?: boolean;
  readonly fluxKustomization?: boolean;
  readonly stdin?: boolean;
  readonly json?: boolean;
}

export const exportCommand = () =>
  command("export", [
    new Option("-o, --out <checkout>", "directory of the GitOps checkout, in place of the setting flux.checkout"),
    new Option("--cluster <name>", "name of the cluster in the checkout, in place of the setting flux.cluster"),
    new Option("--enable", "write it, and make the test's line active"),
    new Option("--disable", "only comment the test's line out").conflicts("enable"),
    new Option("--remove", "take everything out that an export wrote").conflicts(["enable", "disable"]),
    new Option(
      "--check",
      "write nothing; exit code 1, with a diff, unless the checkout is what would be written",
    ).conflicts(["remove", "disable"]),
    new Option("--force", "overwrite or remove exported files that were edited by hand"),
    new Option("--flux-kustomization", "give the test a Flux Kustomization of its own"),
    stdinOption(),
    new Option("--json", "print what was changed as one JSON document"),
    ...settingsOptions(),
  ]).addHelpText(
    "after",
    "\nExit codes: 0 done, 1 files were edited by hand (nothing is written) or --check found a difference, 2 tool error",
  );

export async function runExport(args: readonly string[]): Promise<number> {
  const options = optionsIn<Options>(exportCommand(), args);
  const { settings, flux } = read(options.stdin ? await stdinSettings() : givenSettings(options), options);
  const checkout = openCheckout(flux.checkout);
  const action = actionOf(options, flux);
  const files = exportedFiles(settings, flux, probeScripts());
  const planned = withoutGuess(() => plan(files, flux, checkout, action));
  if (options.check) return reportDrift(planned, options.json ?? false);
  const refused = planned.edited.length > 0 && !flux.force;
  if (!refused) carryOut(checkout, planned, flux, action);
  report(planned, flux, action, refused, options.json ?? false);
  return refused ? EXIT.failure : EXIT.success;
}

/** The export's own settings are parsed apart: they say where to, the others what. */
function read(given: Readonly<Record<string, unknown>>, options: Options): { settings: Settings; flux: FluxSettings } {
  const { flux: givenFlux = {}, ...rest } = given;
  const own = {
    ...(givenFlux as Record<string, unknown>),
    ...(options.out ? { checkout: options.out } : {}),
    ...(options.cluster ? { cluster: options.cluster } : {}),
    ...(options.force ? { force: true } : {}),
    ...(options.fluxKustomization ? { kustomization: (givenFlux as FluxSettings).kustomization ?? {} } : {}),
  };
  const parsed = fluxSchema.safeParse(own);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UserError(`flux.${issue?.path.join(".")} is refused`, { remedy: issue?.message ?? "see --help" });
  }
  if (parsed.data.checkout === "")
    throw new UserError("no checkout is given", { remedy: "name its directory with --out, or set flux.checkout" });
  // What an earlier version wrote can be taken out all the same.
  const parse = options.remove || options.disable ? parseSettings : parseExported;
  return { settings: parse(rest), flux: parsed.data };
}

function actionOf(options: Options, flux: FluxSettings): Action {
  if (options.remove) return { do: "remove" };
  if (options.disable) return { do: "disable" };
  return { do: "export", enabled: options.enable ? true : flux.enabled };
}

/** Files first, then the directories that they leave empty. */
function carryOut(checkout: Checkout, { changes }: GitopsPlan, flux: FluxSettings, action: Action): void {
  checkout.write(changes);
  const { cluster, group, entry } = places(flux);
  const above = cluster.split("/").map((_, index, all) => all.slice(0, index + 1).join("/"));
  checkout.prune(action.do === "remove" ? [`${entry}/app`, entry, group, ...above] : [`${entry}/app`]);
}
