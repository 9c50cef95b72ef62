/** `diagnose` of pods that run: who is asked about, what is read, and how it is said. */
import type { KubeConfig } from "@kubernetes/client-node";
import { MARKS } from "../../base/marks.ts";
import { printAll, say } from "../../base/output.ts";
import { UserError } from "../../base/problem.ts";
import { connect, requireAnswer } from "../../cluster/connect.ts";
import { addEphemeralContainer } from "../../cluster/live/ephemeral.ts";
import { readLive, readPods, type There } from "../../cluster/live/read.ts";
import { type Diagnosis, diagnosisOf, type LiveFinding } from "../../core/live/index.ts";
import { linksOf, type Question } from "../../core/live/links.ts";
import { refusalOf } from "../../core/live/words.ts";
import { findingLines, isFailure, liveSummary } from "../../report/findings.ts";
import { EXIT } from "../run.ts";

export interface LiveOptions {
  readonly namespace?: readonly string[];
  readonly producer?: string;
  readonly reader?: string;
  readonly path?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly allowEphemeral?: string | true;
  readonly json?: boolean;
  readonly strict?: boolean;
}

/** The image of an ephemeral container, where none is named: it needs cat, sh, stat and timeout. */
const EPHEMERAL_IMAGE = "docker.io/library/busybox:stable";

/** Kinds as kubectl knows them, by each of their names. */
const KINDS: Readonly<Record<string, string>> = {
  ...{ deploy: "Deployment", deployment: "Deployment", deployments: "Deployment" },
  ...{ sts: "StatefulSet", statefulset: "StatefulSet", statefulsets: "StatefulSet" },
  ...{ ds: "DaemonSet", daemonset: "DaemonSet", daemonsets: "DaemonSet" },
  ...{ rs: "ReplicaSet", replicaset: "ReplicaSet", replicasets: "ReplicaSet" },
  ...{ job: "Job", jobs: "Job", po: "Pod", pod: "Pod", pods: "Pod" },
};

export async function diagnoseLive(options: LiveOptions): Promise<number> {
  const config = connect(options);
  const namespaces = [
    ...new Set(options.namespace ?? [config.getContextObject(config.getCurrentContext())?.namespace ?? "default"]),
  ];
  const path = pathOf(options.path);
  await requireAnswer(config);
  const there = await readPods(config, namespaces);
  const early: LiveFinding[] = [];
  const named = (key: "producer" | "reader") => {
    const text = options[key];
    return text === undefined ? undefined : ownerNamed(key, text, there, namespaces, early);
  };
  const [producer, reader] = [named("producer"), named("reader")];
  const question: Question = {
    ...(producer ? { producer } : {}),
    ...(reader ? { reader } : {}),
    ...(path ? { path } : {}),
  };
  if (producer !== undefined && producer === reader && linksOf(there, question).links.length === 0)
    throw new UserError(`--producer and --reader are the same: ${reader}`, {
      remedy: "name with --reader what reads, as deploy/sonarr, or leave --reader out",
    });
  const { allowEphemeral } = options;
  const image = allowEphemeral === true ? EPHEMERAL_IMAGE : allowEphemeral;
  const addContainer = image === undefined ? undefined : addEphemeralContainer.bind(undefined, config, image);
  const { facts, left } = await readLive(config, there, question, addContainer);
  const known = diagnosisOf(facts, question);
  const found = { ...known, findings: [...early, ...known.findings] };
  return foundOf(found, left, options, config, namespaces);
}

function pathOf(path: string | undefined): string | undefined {
  if (path === undefined || /^\/.+/.test(path)) return path?.replace(/\/+$/, "");
  throw new UserError(`--path ${path} is no absolute path of a directory`, {
    remedy: "name the directory as the containers see it, as --path /mnt/dfs",
  });
}

/** @throws UserError where there is no such thing, or nothing of it runs and nobody says why */
function ownerNamed(
  key: "producer" | "reader",
  text: string,
  { pods, events }: There,
  namespaces: readonly string[],
  early: LiveFinding[],
): string {
  const [word = "", name = "", ...more] = text.split("/");
  const kind = KINDS[word.toLowerCase()];
  if (!kind || !name || more.length > 0)
    throw new UserError(`--${key} ${text} names nothing that has pods`, {
      remedy: "write it as kubectl does: deploy/NAME, sts/NAME, ds/NAME, job/NAME or pod/NAME",
    });
  const matching = pods.filter((one) =>
    kind === "Pod" ? one.name === name : one.owner.kind === kind && one.owner.name === name,
  );
  const owners = [...new Set(matching.map(({ owner }) => owner.object))];
  const [owner] = owners;
  if (owners.length > 1)
    throw new UserError(`--${key} ${text} is in more than one namespace: ${owners.join(", ")}`, {
      remedy: "name one namespace with -n",
    });
  if (owner) return owner;
  const refused = refusalOf(kind, name, events);
  if (!refused) {
    const others = [...new Set(pods.map((one) => one.owner.object))].slice(0, 8);
    throw new UserError(`--${key} ${text}: no pod of it is in ${namespaces.join(", ")}`, {
      remedy:
        others.length > 0
          ? `name one of those that have pods there: ${others.join(", ")}`
          : "name its namespace with -n",
    });
  }
  const { cause, quotes } = refused;
  const object = `${kind} ${namespaces[0]}/${name}`;
  early.push({
    ...{ id: cause.id, severity: "error", file: object, object, path: "spec.template.spec" },
    ...{ message: cause.explanation, fix: cause.fix, basis: "proof", evidence: quotes },
  });
  return object;
}

function foundOf(
  found: Diagnosis,
  left: number,
  options: LiveOptions,
  config: KubeConfig,
  namespaces: readonly string[],
): number {
  const { findings, seen, unread, nodes } = found;
  const { json, strict } = options;
  if (json) process.stdout.write(`${JSON.stringify({ findings: findings.map(document) })}\n`);
  else printAll([...findings.flatMap(findingLines), ...seen.map((line) => `${MARKS.success} proof: ${line}`)]);
  for (const { whose, words, remedy } of unread) say(`${MARKS.inconclusive} not read: ${whose}: ${words}; ${remedy}`);
  if (left > 0)
    say(`${MARKS.inconclusive} ${left} more containers were not read: name one with --producer or --reader`);
  say(liveSummary(found, namespaces));
  for (const node of nodes.slice(0, MAX_NODES))
    say(
      `${MARKS.note} what reading alone cannot prove (a crash of the daemon, a pod that is replaced, every kind of user): ${testRun(node, options, config.getCurrentContext())}`,
    );
  if (isFailure(findings, strict)) return EXIT.failure;
  return unread.length > 0 || left > 0 ? EXIT.tool : EXIT.success;
}

const MAX_NODES = 3;

/** The command that tests a node. */
function testRun({ name, taints }: Diagnosis["nodes"][number], { kubeconfig }: LiveOptions, context: string): string {
  const tolerations = taints.map((taint) => {
    const [, key, value, effect] = /^(.*)=(.*):(\w+)$/.exec(taint) ?? [];
    return { key, value, effect };
  });
  return [
    `npm start -- --node ${name} --context ${context}`,
    ...(kubeconfig ? [`--kubeconfig ${kubeconfig}`] : []),
    ...(tolerations.length > 0 ? [`--set 'tolerations=${JSON.stringify(tolerations)}'`] : []),
  ].join(" ");
}

/** The documented fields first, in their order. */
const document = ({ id, severity, file, object, path, message, fix, basis, evidence }: LiveFinding) => ({
  ...{ id, severity, file, object, path, message, fix, basis, evidence },
});
