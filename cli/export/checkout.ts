/** A checkout on disk: reads it for the plan, and writes a plan so that a kill at any moment leaves every file whole. */
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { UserError } from "../../base/problem.ts";
import type { Change, Tree } from "../../core/gitops/tree.ts";
import { decoded, explained, requireReplaceable } from "./refusals.ts";

/** What a killed export may leave beside a file: no name that kustomize or Flux reads. */
const TEMPORARY = /^\..+\.fuse-propagation-test-[0-9]+~$/;

export interface Checkout extends Tree {
  /** Does the changes in their order. @throws UserError where a file changed since it was planned */
  write(changes: readonly Change[]): void;
  /** Removes those of the directories that are empty, the deepest first. */
  prune(directories: readonly string[]): void;
}

/** @throws UserError where it is no directory */
export function openCheckout(directory: string): Checkout {
  const root = attempt(() => realpathSync(directory));
  if (root === undefined || !statSync(root).isDirectory())
    throw new UserError(`there is no directory ${directory}`, { remedy: "give the GitOps checkout with --out" });
  const read = (path: string) => {
    const place = inside(root, path);
    return explained(path, "read", () => (stats(place)?.isFile() ? decoded(path, readFileSync(place)) : undefined));
  };
  return {
    read,
    files: (path) => explained(path, "read", () => filesBelow(root, inside(root, path))),
    write(changes) {
      // All of them first: what is refused is refused before anything is written.
      for (const { path, before, after } of changes) {
        if (read(path) !== before)
          throw new UserError(`${path} was changed meanwhile`, { remedy: "run the export again" });
        const there = stats(inside(root, path));
        if (there && after !== undefined) requireReplaceable(path, there);
      }
      for (const { path, after } of changes) {
        const place = inside(root, path);
        explained(path, after === undefined ? "removed" : "written", () => {
          sweepTemporaries(dirname(place));
          if (after !== undefined) replace(root, place, after);
          else remove(place);
        });
      }
    },
    prune(directories) {
      const deepest = [...directories].sort((a, b) => b.split("/").length - a.split("/").length);
      for (const path of deepest) {
        sweepTemporaries(inside(root, path));
        attempt(() => rmdirSync(inside(root, path)));
      }
    },
  };
}

/**
 * The real place of a path of the checkout: links within it are followed, so that the file behind them is replaced.
 *
 * @throws UserError where a link leads out of the checkout
 */
function inside(root: string, path: string): string {
  const place = path.split("/").reduce((at, part) => {
    const next = join(at, part);
    if (!attempt(() => lstatSync(next))?.isSymbolicLink()) return next;
    const target = attempt(() => realpathSync(next));
    if (target === root || target?.startsWith(root + sep)) return target;
    throw new UserError(`${path} is, or is below, a symbolic link that leads out of the checkout`, {
      remedy: `replace the link ${relative(root, next)} by what it points to`,
    });
  }, root);
  return place;
}

function filesBelow(root: string, directory: string): string[] {
  const entries = absent(() => readdirSync(directory, { withFileTypes: true })) ?? [];
  return entries
    .filter(({ name }) => name !== ".git" && !TEMPORARY.test(name))
    .flatMap((entry) => {
      const place = join(directory, entry.name);
      return entry.isDirectory() ? filesBelow(root, place) : [relative(root, place).split(sep).join("/")];
    })
    .sort();
}

/** Whole or not at all: a file of its own, on disk, takes the place of the old one in one step. */
function replace(root: string, place: string, text: string): void {
  makeDirectories(root, dirname(place));
  const fresh = join(
    dirname(place),
    `.${place.slice(place.lastIndexOf(sep) + 1)}.fuse-propagation-test-${process.pid}~`,
  );
  const old = stats(place);
  const file = openSync(fresh, "wx", 0o666);
  try {
    writeFileSync(file, text);
    if (old) {
      // The owner first: to give a file away takes its set-user-ID bit.
      if (old.uid !== process.geteuid?.() || old.gid !== process.getegid?.()) fchownSync(file, old.uid, old.gid);
      fchmodSync(file, old.mode & 0o7777);
    }
    fsyncSync(file);
    renameSync(fresh, place);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  settle(dirname(place));
}

function remove(place: string): void {
  rmSync(place);
  settle(dirname(place));
}

function makeDirectories(root: string, directory: string): void {
  const first = mkdirSync(directory, { recursive: true });
  for (let made = directory; first && made.length >= first.length && made !== root; made = dirname(made))
    settle(dirname(made));
}

/** A rename is only certain once its directory is on disk. */
function settle(directory: string): void {
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function sweepTemporaries(directory: string): void {
  for (const name of attempt(() => readdirSync(directory)) ?? [])
    if (TEMPORARY.test(name)) rmSync(join(directory, name), { force: true });
}

const stats = (place: string): Stats | undefined => absent(() => statSync(place));

/** What is not there is no problem; what cannot be looked at is. */
function absent<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
