/** The program as a whole: its verbs, and that each is what its npm script runs. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { optionsIn } from "../../cli/command.ts";
import { checkCommand, runCheck } from "../../cli/commands/check.ts";
import { collectCommand, exitCode } from "../../cli/commands/collect.ts";
import { exportCommand, runExport } from "../../cli/commands/export.ts";
import { rightsCommand } from "../../cli/commands/rights.ts";
import { runStart, startCommand } from "../../cli/commands/start.ts";
import { runSweep, sweepCommand } from "../../cli/commands/sweep.ts";
import { answerLines, startExitCode } from "../../cli/start/answer.ts";
import { VERBS } from "../../cli/verbs.ts";
import { commandWords, type OwnOptions, type OwnVerb } from "../../core/contract/commands.ts";
import { DEFAULT_SCENARIOS } from "../../core/contract/scenarios.ts";
import type { NodeVerdict } from "../../core/diagnosis/answer.ts";
import { judge } from "../../core/diagnosis/verdict.ts";
import { evidence } from "../core/evidence/evidence.ts";
import { inProcess } from "./inProcess.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const { scripts, bin } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

function program(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["cli/main.ts", ...args], {
    cwd: ROOT,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

describe("fuse-propagation-test", () => {
  it("lists its verbs with --help", () => {
    const { status, stdout } = program("--help");
    assert.equal(status, 0);
    for (const verb of Object.keys(VERBS)) assert.match(stdout, new RegExp(`^  ${verb} +\\S`, "m"));
  });

  it("is what npm installs, on a Node that can read it", () => {
    const { status, stdout } = spawnSync(join(ROOT, bin["fuse-propagation-test"]), ["--version"], { encoding: "utf8" });
    assert.deepEqual([status, stdout], [0, "0.1.0\n"]);
  });

  it("marks the scenarios that are run where none is named", async () => {
    const { stdout } = await inProcess(runStart, ["--help"]);
    const marked = [...stdout.matchAll(/^\* (\S+)/gm)].map(([, id]) => id);
    assert.deepEqual(marked, DEFAULT_SCENARIOS);
  });

  it("has an npm script for each verb", () => {
    for (const verb of Object.keys(VERBS)) assert.equal(scripts[verb], `sh cli/node.sh cli/main.ts ${verb}`);
  });

  it("helps with a verb in two ways", () => {
    const { status, stdout } = program("check", "--help");
    assert.deepEqual([status, stdout.split("\n")[0]], [0, "Usage: fuse-propagation-test check [options] <path...>"]);
    assert.equal(program("help", "check").stdout, stdout);
  });

  it("helps with Pulumi's own commands without an engine, which may have to be compiled first", () => {
    const { status, stdout, stderr } = program("up", "--diff", "--help");
    assert.deepEqual(
      [status, stderr, stdout.split("\n")[0]],
      [0, "", "Usage: fuse-propagation-test up [options of pulumi up]"],
    );
    assert.match(stdout, /All options are Pulumi's/);
  });

  it("refuses a verb or an option that it does not have, and says which one is near", async () => {
    const verb = program("strat");
    assert.equal(verb.status, 2);
    assert.match(verb.stderr, /unknown command 'strat'\n\(Did you mean start\?\)/);
    for (const verbOf of [runCheck, runExport, runSweep]) {
      const option = await inProcess(verbOf, ["--nod"]);
      assert.equal(option.status, 2);
      assert.match(option.stderr, /unknown option '--nod'/);
    }
    assert.equal(program().status, 2);
  });

  it("runs what a stack that an earlier version made has in its state", () => {
    for (const verb of ["sweep", "export"]) {
      const args = ["cli/node.sh", `cli/${verb}.ts`, "--help"];
      const { status, stdout } = spawnSync("sh", args, { cwd: ROOT, encoding: "utf8" });
      assert.deepEqual([status, stdout.split(" [")[0]], [0, `Usage: fuse-propagation-test ${verb}`]);
    }
  });
});

describe("the verbs", () => {
  const DEFAULTS = { stack: "homelab" };
  const registered = <V extends OwnVerb>(command: Command, verb: V, options: OwnOptions[V]) =>
    assert.deepEqual(optionsIn(command, commandWords(verb, options).slice(1)), {
      ...DEFAULTS,
      ...(verb === "collect" ? { failOn: "inconclusive" } : {}),
      stdin: true,
      ...options,
    });

  it("understand what components register", () => {
    registered(collectCommand(), "collect", { run: "a-1", failOn: "never" });
    registered(collectCommand(), "collect", {});
    registered(sweepCommand(), "sweep", { nodesOnly: true, json: true });
    registered(sweepCommand(), "sweep", { keepNamespace: true, json: true });
    registered(sweepCommand(), "sweep", { release: true });
    registered(exportCommand(), "export", { json: true, enable: true, force: true, fluxKustomization: true });
    registered(exportCommand(), "export", { json: true, remove: true });
    registered(exportCommand(), "export", { disable: true });
  });

  it("throw what is wrong with their words, and do not end the process", () => {
    const quiet = { writeErr: () => undefined, writeOut: () => undefined };
    for (const command of [checkCommand, collectCommand, exportCommand, rightsCommand, startCommand, sweepCommand])
      for (const [word, code] of [
        ["--nope", "commander.unknownOption"],
        ["--help", "commander.helpDisplayed"],
      ])
        assert.throws(() => optionsIn(command().configureOutput(quiet), [word ?? ""]), { code });
  });
});

describe("exit codes", () => {
  const verdict = (of: NodeVerdict["verdict"]) =>
    ({ verdict: of, cause: "c", decision: {}, evidence: [], timings: { readers: {} } }) as unknown as NodeVerdict;
  const nodes = (...of: readonly NodeVerdict["verdict"][]) =>
    Object.fromEntries(of.map((one, index) => [`n${index}`, verdict(one)]));

  it("of collect are the worst verdict's, as far as --fail-on asks for it", () => {
    const of = (failOn: "never" | "failure" | "inconclusive", ...all: readonly NodeVerdict["verdict"][]) =>
      exitCode({ run: "r", nodes: nodes(...all) }, failOn);
    assert.deepEqual([of("inconclusive", "success"), of("inconclusive", "success", "inconclusive")], [0, 3]);
    assert.deepEqual([of("inconclusive", "inconclusive", "failure"), of("failure", "inconclusive")], [1, 0]);
    assert.deepEqual([of("failure", "failure"), of("never", "failure", "inconclusive")], [1, 0]);
  });

  it("of start say first that something is left", () => {
    const code = (residue: string[] | undefined, ...all: readonly NodeVerdict["verdict"][]) =>
      startExitCode({ nodes: nodes(...all), residue });
    assert.deepEqual([code([], "success"), code([], "failure"), code([], "inconclusive")], [0, 1, 3]);
    assert.deepEqual([code(["n: mount"], "success"), code(undefined, "success"), code([])], [2, 0, 2]);
  });

  it("go with lines that say nothing of residue where nobody looked", () => {
    const last = (residue: string[] | undefined) => answerLines({ nodes: {}, residue }).at(-1);
    assert.deepEqual(
      [last([]), last(["n: a mount"]), last(undefined)],
      ["✓ nothing is left on the nodes", "✗ left behind on n: a mount", ""],
    );
  });

  it("end with a line for each node, where there are several", () => {
    const verdict = judge({ ...evidence({}), final: true });
    assert.ok(verdict);
    const lines = answerLines({ nodes: { a: verdict, b: verdict }, residue: [] });
    assert.deepEqual(lines.slice(-3), [
      "! a: inconclusive: unknown",
      "! b: inconclusive: unknown",
      "✓ nothing is left on the nodes",
    ]);
    assert.equal(answerLines({ nodes: { a: verdict }, residue: [] }).at(-2), "");
  });
});
