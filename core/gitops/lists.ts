/** The two lists above the test's directory: which file each is, and what we write where there is none. */
import { ParentError } from "./entry.ts";
import type { Tree } from "./tree.ts";

export interface KustomizationList {
  readonly path: string;
  /** Undefined where there is none yet. */
  readonly text: string | undefined;
}

/** As kustomize looks for them. */
const NAMES = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

const HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n";
const FRESH = {
  group: "# Made by fuse-propagation-test. One line a test: with a # in front of it, Flux takes the test away.\n",
  cluster: "# Made by fuse-propagation-test. Only what is listed here is applied.\n",
} as const;

/** The list as we make it, without an entry. */
export const freshParent = (kind: keyof typeof FRESH): string => FRESH[kind] + HEAD;

/** Whether we made the file, even if more was added to it since. */
export const isOurs = (text: string, kind: keyof typeof FRESH): boolean =>
  text.replaceAll("\r\n", "\n").startsWith(FRESH[kind]);

/** Whether it is as we made it, without an entry. */
export const isUntouched = (text: string, kind: keyof typeof FRESH): boolean =>
  text.replaceAll("\r\n", "\n") === freshParent(kind);

/** @throws ParentError where there are several, which kustomize refuses */
export function listIn(tree: Tree, directory: string): { readonly path: string; readonly text: string } | undefined {
  const found = NAMES.flatMap((name) => {
    const text = tree.read(`${directory}/${name}`);
    return text === undefined ? [] : [{ path: `${directory}/${name}`, text }];
  });
  if (found.length < 2) return found[0];
  const paths = found.map(({ path }) => path).join(" and ");
  throw new ParentError(`${paths}: kustomize takes only one, remove the other`);
}

/**
 * @param entry the directory below it that is ours or will be
 * @throws ParentError where a new list would leave out files that Flux applies today, since it lists a directory without one
 *   by itself
 */
export function parentIn(tree: Tree, directory: string, entry: string): KustomizationList {
  const list = listIn(tree, directory);
  if (list) return list;
  const fresh = { path: `${directory}/kustomization.yaml`, text: undefined };
  const unlisted = manifestsIn(tree, directory, entry)[0];
  if (unlisted === undefined) return fresh;
  throw new ParentError(
    `${directory} holds ${unlisted.slice(directory.length + 1)} but no kustomization.yaml: make one that lists what is there, ` +
      "with `kustomize create --autodetect --recursive`; a new one with the test alone would have Flux prune the rest",
  );
}

/** What Flux would apply from a directory that has no list of its own, besides our entry. */
export function manifestsIn(tree: Tree, directory: string, entry: string): string[] {
  return tree
    .files(directory)
    .filter((path) => /\.ya?ml$|\/Kustomization$/.test(path) && !path.startsWith(`${directory}/${entry}/`));
}
