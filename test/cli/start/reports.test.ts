import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { stateFolder } from "../../../cli/stack/claim.ts";
import {
  COLLECT_REPORT,
  reportFiles,
  residueReported,
  SWEEP_REPORT,
  verdictsReported,
} from "../../../cli/start/reports.ts";

const STACK = `reports-${process.pid}`;

describe("what the engine's commands report to a run", () => {
  const write = (name: string, text: string) => writeFileSync(reportFiles(STACK)[name] ?? assert.fail(name), text);
  beforeEach(() => mkdirSync(stateFolder(STACK), { recursive: true }));
  afterEach(() => rmSync(stateFolder(STACK), { recursive: true }));

  it("is nothing before they ran: no verdict, and not that nothing is left", () => {
    assert.deepEqual(verdictsReported(STACK), {});
    assert.equal(residueReported(STACK), undefined);
  });

  it("is the verdict of each node, as the collector prints it", () => {
    write(COLLECT_REPORT, `${JSON.stringify({ run: "r", nodes: { a: { verdict: "success" } } })}\n`);
    assert.deepEqual(verdictsReported(STACK), { a: { verdict: "success" } });
  });

  it("is what every sweep of the stack has found to be left", () => {
    const left = (...residue: object[]) => `${JSON.stringify({ residue })}\n`;
    write(SWEEP_REPORT, left());
    assert.deepEqual(residueReported(STACK), []);
    write(SWEEP_REPORT, left({ node: "a", what: "mount /b" }) + left() + left({ node: "c", what: "unknown" }));
    assert.deepEqual(residueReported(STACK), ["a: mount /b", "c: unknown"]);
  });
});
