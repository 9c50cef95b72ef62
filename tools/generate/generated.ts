/** What is drawn from code, so that nobody writes it twice. */
import { platformsPage } from "./platformsPage.ts";
import { pulumiYaml } from "./pulumiYaml.ts";
import { rulesPage } from "./rulesPage.ts";
import { scenariosPage } from "./scenariosPage.ts";
import { troubleshootingPage } from "./troubleshootingPage.ts";

/**
 * Each generated file, by its path in the checkout, and the text it must have. A file that is generated only in part gets its present
 * text, and gives it back with that part replaced.
 */
export const GENERATED: Readonly<Record<string, (present: string) => string>> = {
  "Pulumi.yaml": pulumiYaml,
  "docs/platforms.md": platformsPage,
  "docs/rules.md": rulesPage,
  "docs/scenarios.md": scenariosPage,
  "docs/troubleshooting.md": troubleshootingPage,
};
