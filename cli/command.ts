import { Command, type Option } from "commander";
import { PROJECT } from "../core/contract/names.ts";
import { VERBS, type Verb } from "./verbs.ts";

/** A verb as commander knows it. What is wrong with its words is thrown, and never ends the process. */
export function command(verb: Verb, options: readonly Option[]): Command {
  const made = new Command(`${PROJECT} ${verb}`).exitOverride().description(VERBS[verb]);
  for (const option of options) made.addOption(option);
  return made;
}

/**
 * @param args the words behind the verb
 * @throws CommanderError where they are none of its options, or ask for its help
 */
export const optionsIn = <T extends object>(verb: Command, args: readonly string[]): T =>
  verb.parse(args, { from: "user" }).opts<T>();
