import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { parseSettings, type Settings } from "../core/settings/settings.ts";

/** The settings of Pulumi.homelab.yaml as it stands. */
export function homelab(): Settings {
  const stack = parse(readFileSync(join(import.meta.dirname, "..", "Pulumi.homelab.yaml"), "utf8"));
  return parseSettings(
    Object.fromEntries(Object.entries(stack.config).map(([key, value]) => [key.split(":")[1], value])),
  );
}
