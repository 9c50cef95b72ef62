import { parseSettings, type Settings, SettingsError } from "../settings/settings.ts";

/**
 * The settings of an export. Flux asks nobody before it takes over a namespace that is there, and prunes it with all that is in it; and
 * an export need not reach the cluster. So the namespace has a name that nobody else gives one.
 *
 * @throws SettingsError naming every fault.
 */
export function parseExported(input: unknown): Settings {
  const settings = parseSettings(input);
  const { namespace } = settings;
  if (namespace.includes("fuse")) return settings;
  const remedy =
    "Flux would take over a namespace of that name, and delete it in the end: choose one with fuse in its name, such as fuse-test";
  throw new SettingsError([{ key: "namespace", value: JSON.stringify(namespace), remedy }]);
}
