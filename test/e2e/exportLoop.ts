/** Exports, disables, enables and removes without an end, to be killed in the midst of it: node exportLoop.ts CHECKOUT */
import { openCheckout } from "../../cli/export/checkout.ts";
import { readSettings } from "../../cli/options.ts";
import { exportedFiles } from "../../core/gitops/export.ts";
import { type Action, plan } from "../../core/gitops/plan.ts";
import { fluxSchema } from "../../core/settings/flux.ts";
import { probeScripts } from "../../probe/scripts.ts";

const checkout = openCheckout(process.argv[2] ?? "");
const flux = fluxSchema.parse({});
const scripts = probeScripts();
const settings = readSettings({ stack: "homelab" });
const [a, b] = ["manual", "b"].map((run) => exportedFiles({ ...settings, run }, flux, scripts));
if (!a || !b) throw new Error("there are two renderings");

const steps: (readonly [ReadonlyMap<string, string>, Action])[] = [
  [a, { do: "export" }],
  [a, { do: "export", enabled: true }],
  [b, { do: "export" }],
  [a, { do: "disable" }],
  [a, { do: "export", enabled: true }],
  [a, { do: "remove" }],
];
process.stdout.write("begun\n");
for (;;) for (const [files, action] of steps) checkout.write(plan(files, flux, checkout, action).changes);
