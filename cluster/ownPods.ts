/** The pods a user applied, from the files they were applied from. */
import { readFileSync } from "node:fs";
import type { V1Pod } from "@kubernetes/client-node";
import { parseAllDocuments } from "yaml";
import { UserError } from "../base/problem.ts";

interface Listed {
  readonly kind?: string;
  readonly items?: readonly unknown[];
}

/**
 * Every pod of YAML or JSON files, also those inside lists; other objects are passed over.
 *
 * @throws UserError where a file cannot be read or is no YAML.
 */
export const ownPods = (files: readonly string[]): V1Pod[] =>
  files.flatMap((file) => documents(file).flatMap((object) => podsIn(object)));

function documents(file: string): unknown[] {
  try {
    return parseAllDocuments(readFileSync(file, "utf8")).map((document): unknown => {
      if (document.errors[0]) throw document.errors[0];
      return document.toJS();
    });
  } catch (error) {
    throw new UserError(`the pods of ${file} cannot be read: ${(error as Error).message}`, {
      remedy: "name the YAML or JSON file that was applied",
    });
  }
}

function podsIn(object: unknown): V1Pod[] {
  const { kind, items = [] } = (object ?? {}) as Listed;
  return kind === "Pod" ? [object as V1Pod] : items.flatMap(podsIn);
}
