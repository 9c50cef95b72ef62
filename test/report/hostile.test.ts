/** What others wrote is shown, and never acted upon: by a terminal, a log viewer or a build server. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execPath } from "node:process";
import { explanation, UserError } from "../../base/problem.ts";
import { eventPrinter } from "../../cli/start/engineEvents.ts";
import { judge } from "../../core/diagnosis/verdict.ts";
import { allowedBy, violationsOf } from "../../core/rules/index.ts";
import { parseSettings, SettingsError } from "../../core/settings/settings.ts";
import { verdictLines } from "../../report/terminal.ts";
import { evidence, waiting } from "../core/evidence/evidence.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const WORDS = "\u001b[2Jgone\n::set-output name=verdict::success\r##[set-env name=PATH]x";
const SHOWN = "\\x1b[2Jgone\\n::set-output name=verdict::success\\r#\\#[set-env name=PATH]x";

/** Every line of it, as a terminal and a build server would take them. */
const acted = (text: string): string[] =>
  text.split(/[\n\r\u2028\u2029\u0085]/).filter((line) => /\p{Cc}|^\s*::|##\[/u.test(line));

describe("words of others", () => {
  it("in evidence are shown by the report", () => {
    const verdict = judge({
      ...evidence({ pods: [waiting("producer", "fuse-producer", "CreateContainerError", WORDS)] }),
      final: true,
    });
    assert.ok(verdict);
    const text = verdictLines("k3s-w2", verdict).join("\n");
    assert.ok(text.includes(SHOWN), text);
    assert.deepEqual(acted(text), []);
  });

  it("in an event of the engine are shown by the progress", () => {
    const lines: string[] = [];
    const event = { severity: "error" as const, color: "raw", message: "a\u2028b \u001b[2Jc\n  ::error::d" };
    eventPrinter((line) => lines.push(line))({ sequence: 0, timestamp: 0, diagnosticEvent: event });
    assert.deepEqual(lines, ["✗ a\\u2028b \\x1b[2Jc", "    \\::error::d"]);
  });

  it("in an error are shown, on the line that is theirs", () => {
    assert.equal(explanation(new UserError(`no ${WORDS}`, { remedy: WORDS })), `no ${SHOWN}\n  remedy: ${SHOWN}`);
    const fault = { key: "node\u2028s", value: '"\u001b"', remedy: "::a" };
    assert.deepEqual(acted(explanation(new SettingsError([fault])) ?? ""), []);
  });

  it("in the names of objects are shown by the rules, wherever their violations are printed", () => {
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: WORDS, namespace: WORDS }, spec: {} };
    const violations = violationsOf(pod, allowedBy(parseSettings({ nodes: ["k3s-w2"] })));
    assert.ok(violations.length > 3);
    for (const { message } of violations) assert.ok(message.startsWith(`Pod ${SHOWN}/${SHOWN}: `), message);
    for (const { message } of violations) assert.deepEqual(acted(message), []);
  });

  it("in the names of files and objects are shown by `check`", () => {
    const folder = mkdtempSync(join(tmpdir(), "hostile-"));
    try {
      const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: WORDS, namespace: WORDS }, spec: {} };
      writeFileSync(join(folder, "a\n::error::b.yaml"), JSON.stringify(pod));
      writeFileSync(join(folder, "\u001b[2Jc\n::error::d.yaml"), "a: [");
      const { stdout, stderr, status } = spawnSync(execPath, ["cli/main.ts", "check", folder], {
        cwd: ROOT,
        encoding: "utf8",
      });
      assert.equal(status, 2);
      assert.ok(stdout.includes("a\\n::error::b.yaml") && stdout.includes(SHOWN), stdout);
      assert.ok(stderr.includes("\\x1b[2Jc\\n::error::d.yaml"), stderr);
      assert.deepEqual([...acted(stdout), ...acted(stderr)], []);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
