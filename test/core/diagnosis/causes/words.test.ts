/**
 * What other platforms say, word for word from public reports and sources (test/fixtures/words), but for paths: {bridge} is the
 * bridge on the node, {point} the daemon's mount point. Words that are only alike must not be taken for the cause.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { COMPONENTS } from "../../../../core/contract/readers.ts";
import { causes } from "../../../../core/diagnosis/causes/index.ts";
import { judge } from "../../../../core/diagnosis/verdict.ts";
import type { Evidence } from "../../../../core/evidence/evidence.ts";
import { evidence, misses, pending, record, waiting } from "../../evidence/evidence.ts";
import { leaf, made, podsWith } from "./pods.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..", "..");

interface Said {
  /** What it is, or what it only looks like. */
  readonly cause?: string;
  readonly unlike?: string;
  /** Who says it, in which version. */
  readonly by: string;
  readonly as: keyof typeof WHERE;
  readonly words: string;
  /** Where it was met: `owner/repo#N`, or the file that says it. */
  readonly source: string;
  readonly hostUsers?: boolean;
  readonly runtimeClass?: string;
  readonly label?: string;
  readonly taints?: readonly string[];
}

const read = <T>(name: string): readonly T[] =>
  JSON.parse(readFileSync(join(ROOT, "test", "fixtures", "words", `${name}.json`), "utf8"));

const consumer = podsWith({}).filter(({ component }) => component === "consumer");

/** How words come to us: by the state of a container, an event, the daemon's own log, the API server's refusal. */
const WHERE = {
  container: ({ words }) => ({
    pods: COMPONENTS.map((component) => ({
      ...waiting(component, `fuse-${component}`, "CreateContainerError", words),
      spec: made(component),
    })),
  }),
  /** Of the daemon's own container, whose volume is the mount point. */
  producer: ({ words }) => ({
    pods: [
      { ...waiting("producer", "fuse-producer", "RunContainerError", words), spec: leaf("producer") },
      ...consumer,
    ],
  }),
  event: ({ words, hostUsers }) => ({
    pods: podsWith(
      { containers: [] },
      { containers: [], spec: made("consumer", hostUsers === undefined ? {} : { hostUsers }) },
    ),
    events: [{ object: "pod/fuse-consumer", reason: "Failed", message: words }],
  }),
  sandbox: ({ words, runtimeClass = "" }) => ({
    pods: podsWith({}, { containers: [], spec: made("consumer", { runtimeClassName: runtimeClass }) }),
    events: [{ object: "pod/fuse-consumer", reason: "FailedCreatePodSandBox", message: words }],
  }),
  mount: ({ words, label = "unconfined" }) => ({
    pods: podsWith({}),
    records: [
      record("producer", "identity", "info", { label }),
      record("producer", "mount", "error", { detail: words, errno: "UNKNOWN" }),
      ...misses("default"),
      ...misses("hardened"),
    ],
  }),
  pull: ({ words }) => ({ pods: [waiting("producer", "fuse-producer", "ErrImagePull", words), ...consumer] }),
  refusal: ({ words }) => ({ pods: consumer, refusals: [words] }),
  create: ({ words }) => ({
    pods: consumer,
    events: [{ object: "replicaset/fuse-producer", reason: "FailedCreate", message: words }],
  }),
  scheduler: ({ words, taints = [] }) => ({
    pods: [pending("producer", words), ...consumer],
    nodeFact: { exists: true, ready: true, cordoned: false, taints },
  }),
} satisfies Record<string, (said: Said) => Partial<Evidence>>;

const placed = (said: Said): Said => ({
  ...said,
  words: said.words.replaceAll("{bridge}", "/tmp/fuse-test-bridge").replaceAll("{point}", "/bridge/fuse"),
});
const evidenceOf = (said: Said): Evidence => {
  const how: (one: Said) => Partial<Evidence> = WHERE[said.as];
  return evidence(how(placed(said)));
};

describe("the words of other platforms", () => {
  const corpus = ["propagation", "mounts", "start"].flatMap((name) => read<Said>(name));

  for (const said of corpus) {
    if (said.cause)
      it(`are ${said.cause}: ${said.by} (${said.source})`, () =>
        assert.equal(judge(evidenceOf(said))?.cause, said.cause, said.words));
    else
      it(`are not ${said.unlike}: ${said.by} (${said.source})`, () => {
        const found = causes.find(({ id }) => id === said.unlike);
        assert.ok(found, `there is no cause ${said.unlike}`);
        assert.equal(found.find(evidenceOf(said)), undefined, said.words);
      });
  }

  it("name where each was met", () => {
    for (const { source, by } of [...corpus, ...read<Said>("tools")])
      assert.match(source, /^([\w.-]+\/[\w.-]+(#\d+|[ ,].+))$/, by);
  });

  it("give each tool's error its number", () => {
    const tools = read<{ readonly errno: string; readonly words: string }>("tools");
    const script = `. ${ROOT}/probe/lib.sh; for words; do errno_of "$words"; done`;
    const { stdout } = spawnSync("busybox", ["ash", "-c", script, "sh", ...tools.map(({ words }) => words)], {
      encoding: "utf8",
    });
    assert.deepEqual(
      stdout.trim().split("\n"),
      tools.map(({ errno }) => errno),
    );
  });
});
