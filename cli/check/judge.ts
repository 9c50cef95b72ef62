/** Judges every document of the files that are meant, one after the other. */
import { type Allowed, noOpaqueSources, type Rule, type Violation, violationsOf } from "../../core/rules/index.ts";
import { type Document, everyFile, isKustomizationFile, manifestFiles, type Unreadable } from "./files.ts";
import { build } from "./kustomize.ts";

/** One line of `--json`. */
export interface FileViolation {
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
  /** Whether kustomize built something of it, which was judged as well. */
  readonly built: boolean;
}

/**
 * @param report takes what is found in a file, as soon as it is judged: never nothing
 * @param kustomize the program that builds what nothing was found in so far; where there is none, nothing is built
 */
export function judgeFiles(
  paths: readonly string[],
  allowed: Allowed,
  rules: readonly Rule[],
  report: (findings: readonly FileViolation[]) => void,
  kustomize?: string,
): Judged {
  const found = manifestFiles(paths);
  const { unreadable } = found;
  const kustomizations: string[] = [];
  let files = 0;
  let objects = 0;
  let violations = 0;
  const judged = (documents: readonly Document[]): void => {
    objects += documents.length;
    const broken = documents.flatMap((document) => findings(document, allowed, rules));
    violations += broken.length;
    if (broken.length > 0) report(broken);
  };
  for (const { file, documents } of everyFile(found)) {
    files++;
    judged(documents);
    if (isKustomizationFile(file)) kustomizations.push(file);
  }
  // It would follow anything that a kustomization names, also over the network: so only where that is nothing but files beside it.
  const plain =
    kustomize !== undefined && unreadable.length === 0 && violations === 0 && rules.includes(noOpaqueSources);
  const built = plain ? build(kustomizations, kustomize) : [];
  for (const one of built)
    if (Array.isArray(one)) judged(one);
    else unreadable.push(one);
  return { objects, files, violations, unreadable, built: built.length > 0 };
}

const findings = ({ file, document, object }: Document, allowed: Allowed, rules: readonly Rule[]): FileViolation[] =>
  violationsOf(object, allowed, rules).map(({ rule, kind, namespace, name, path, message }: Violation) => ({
    rule,
    file,
    document,
    kind,
    namespace,
    name,
    path,
    message,
  }));
