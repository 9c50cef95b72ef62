/** What a recipe takes of the test's settings: by the names that these have there, in what it takes and in what it refuses. */
import { fault, faultsOf, type SettingsFault, schema } from "../settings/settings.ts";
import type { RecipeInput } from "./settings.ts";

/** The recipe's own keys by those of the settings. */
const TAKEN = {
  driver: "driver",
  command: "command",
  producerImage: "image",
  tolerations: "tolerations",
  "resources.producer": "resources",
} as const satisfies Readonly<Record<string, keyof RecipeInput>>;

const NAMES = ["nodes", ...Object.keys(TAKEN)];
/** Settings in whose place a recipe has an option. */
const INSTEAD: Readonly<Record<string, string>> = { bridge: "--path", namespace: "--namespace" };

/** As it is said to people. */
export const takenNames = NAMES.join(", ").replace(/, (?=[^,]+$)/, " and ");

/** @param given the settings of a test, unchecked */
export const takenFrom = (given: Readonly<Record<string, unknown>>): Partial<RecipeInput> =>
  Object.fromEntries(
    Object.entries(TAKEN).flatMap(([from, to]) => {
      const value = from.split(".").reduce<unknown>((at, key) => Object(at)[key], given);
      return value === undefined ? [] : [[to, value]];
    }),
  );

/** @param said what the command line itself says: a stack may hold more, for the test */
export function saidFaults(said: Readonly<Record<string, unknown>>): SettingsFault[] {
  const issues = schema.partial().safeParse(said).error?.issues ?? [];
  const isShape = ({ code, path }: (typeof issues)[number]) =>
    code === "unrecognized_keys" || (path.length === 1 && (path[0] === "resources" || path[0] === "nodes"));
  const paths = Object.keys(said)
    .filter((key) => Object.hasOwn(schema.shape, key))
    .flatMap((key) =>
      key === "resources"
        ? Object.keys(Object(said.resources))
            .filter((pod) => pod === "consumer")
            .map((pod) => [key, pod])
        : [[key]],
    );
  return [
    ...issues.filter(isShape).flatMap((issue) => faultsOf(issue, said)),
    ...paths
      .filter((path) => !NAMES.includes(path.join(".")))
      .map((path) => {
        const option = INSTEAD[path[0] ?? ""];
        return fault(path, said, `a recipe does not take it: ${option ? `give ${option}` : `it takes ${takenNames}`}`);
      }),
  ];
}

/** What a recipe refuses, by the keys that were typed. */
export const asTyped = (faults: readonly SettingsFault[]): SettingsFault[] =>
  faults.map((one) => {
    const found = Object.entries(TAKEN).find(([, to]) => one.key === to || one.key.startsWith(`${to}.`));
    return found ? { ...one, key: `${found[0]}${one.key.slice(found[1].length)}` } : one;
  });
