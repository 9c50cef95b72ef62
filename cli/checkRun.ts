/** Judges every document of the files that are meant, one after the other. */
import { type Allowed, judge, type Rule, type Violation } from "../core/rules/index.ts";
import { type Document, documentsOf, manifestFiles, resourcesOf, type Unreadable } from "./checkFiles.ts";

/** One line of `--json`. */
export interface Finding {
  readonly rule: string;
  readonly file: string;
  /** Counted from 1 within its file. */
  readonly document: number;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
  readonly message: string;
}

export interface Judged {
  readonly objects: number;
  readonly files: number;
  readonly violations: number;
  readonly unreadable: readonly Unreadable[];
}

/** @param told what is found in a file, as soon as it is judged: never nothing */
export function judgeFiles(
  paths: readonly string[],
  allowed: Allowed,
  rules: readonly Rule[],
  told: (findings: readonly Finding[]) => void,
): Judged {
  const { files, unreadable } = manifestFiles(paths);
  // What a kustomization names comes after all that was found without it; nothing is judged twice.
  const queue = new Set(files);
  let objects = 0;
  let violations = 0;
  for (const file of queue) {
    const documents = documentsOf(file);
    if (!Array.isArray(documents)) {
      unreadable.push(documents);
      continue;
    }
    objects += documents.length;
    const found = documents.flatMap((document) => findings(document, allowed, rules));
    violations += found.length;
    if (found.length > 0) told(found);
    for (const resource of documents.flatMap(resourcesOf))
      if (typeof resource === "string") queue.add(resource);
      else unreadable.push(resource);
  }
  return { objects, files: queue.size, violations, unreadable };
}

const findings = ({ file, document, object }: Document, allowed: Allowed, rules: readonly Rule[]): Finding[] =>
  judge(object, allowed, rules).map(({ rule, kind, namespace, name, path, message }: Violation) => ({
    rule,
    file,
    document,
    kind,
    namespace,
    name,
    path,
    message,
  }));
