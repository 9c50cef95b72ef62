/** Objects of the builders as the SDK takes them. */
import * as pulumi from "@pulumi/pulumi";

export type Mutable<T> = T extends object ? { -readonly [Key in keyof T]: Mutable<T[Key]> } : T;

/** The builder's readonly data as the SDK's mutable arguments. */
export const inputOf = <T extends object>(object: T): Mutable<T> => structuredClone(object) as Mutable<T>;

interface Container {
  env?: { name: string; value?: string }[];
}

/**
 * Makes the daemon's command a secret, as it may hold a key.
 *
 * @returns whether there is one
 */
export function hideCommand(containers: readonly Container[]): boolean {
  const commands = containers.flatMap(({ env = [] }) => env.filter(({ name }) => name === "COMMAND"));
  for (const each of commands) Object.assign(each, { value: pulumi.secret(each.value) });
  return commands.length > 0;
}
