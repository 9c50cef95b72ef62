/**
 * How fast the rules are, alone and as `npm run check`, over 10,000 pods like the test's own.
 *
 *   npm run bench [-- path of kube-score]
 *
 * With kube-score, another checker of manifests, its whole run over the same file is measured beside: build it with
 * `go build -C test/bench/kube-score -o <path> github.com/zegl/kube-score/cmd/kube-score`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { dump } from "js-yaml";
import { readYaml } from "../../cli/check/yaml.ts";
import { bundle } from "../../core/manifests/index.ts";
import { allowedBy, violationsOf } from "../../core/rules/index.ts";
import { parseSettings } from "../../core/settings/settings.ts";
import { DEFAULTS } from "../../policy/defaults.ts";

const [kubeScore] = new Command("bench")
  .description("how fast the rules are, alone and as `npm run check`, over 10,000 pods like the test's own")
  .argument("[kube-score]", "path of that program, to measure it beside")
  .parse().args;

const DOCUMENTS = 10_000;
const ROUNDS = 5;
const ALLOWED = allowedBy(DEFAULTS);
const ROOT = join(import.meta.dirname, "..", "..");

const seconds = (from: number): number => (performance.now() - from) / 1000;

/** The best of some rounds: what the machine can do when nothing else disturbs it. */
function best(body: () => void): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const from = performance.now();
    body();
    return seconds(from);
  });
  return Math.min(...times);
}

/** Pods as the builder makes them, cut down to the size of a plain one. */
function pods(): object[] {
  const { consumer } = bundle(parseSettings({ nodes: ["k3s-w2"] }), {}).pods[0] ?? {};
  if (!consumer) throw new Error("the builder made no pods");
  const { annotations: _, ...metadata } = consumer.metadata;
  const [reader] = consumer.spec.containers;
  const containers = [{ ...reader, env: [], volumeMounts: reader?.volumeMounts?.slice(0, 1) }];
  const spec = { ...consumer.spec, containers, volumes: consumer.spec.volumes.slice(0, 1) };
  return Array.from({ length: DOCUMENTS }, () => structuredClone({ ...consumer, metadata, spec }));
}

const all = pods();
const text = all.map((pod) => dump(pod, { flowLevel: 7 })).join("---\n");
const size = Math.round(Buffer.byteLength(text) / DOCUMENTS);
console.log(`${DOCUMENTS} pods of ${size} bytes, best of ${ROUNDS}, one core`);

const found = all.flatMap((pod) => violationsOf(pod, ALLOWED));
if (found.length > 0) throw new Error(found[0]?.message);
const rules = best(() => {
  for (const pod of all) violationsOf(pod, ALLOWED);
});
console.log(`rules alone          ${rules.toFixed(3)} s  ${Math.round(DOCUMENTS / rules)} documents a second`);
const parsing = best(() => readYaml(text));
console.log(`parsing              ${parsing.toFixed(3)} s  ${Math.round(DOCUMENTS / parsing)} documents a second`);

const folder = mkdtempSync(join(tmpdir(), "bench-"));
try {
  const file = join(folder, "pods.yaml");
  writeFileSync(file, text);
  const run = (command: string, args: readonly string[]) =>
    best(() => {
      const { error } = spawnSync(command, args, { stdio: "ignore" });
      if (error) throw error;
    });
  console.log(
    `whole check          ${run(process.execPath, [join(ROOT, "cli", "main.ts"), "check", file]).toFixed(3)} s`,
  );
  if (kubeScore)
    console.log(`whole kube-score     ${run(kubeScore, ["score", "--output-format", "ci", file]).toFixed(3)} s`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
