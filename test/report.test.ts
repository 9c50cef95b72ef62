import assert from "node:assert/strict";
import { judge } from "../core/diagnosis/verdict.ts";
import { verdictLines } from "../report/terminal.ts";
import { altered, evidence, mounted, NONCE, record, sees, unseenByControl, waiting } from "./core/evidence/evidence.ts";
import { homelab } from "./homelab.ts";

const linesOf = (given: ReturnType<typeof evidence>) => {
  const verdict = judge(given, homelab().decision);
  assert.ok(verdict);
  return verdictLines("k3s-w2", verdict).join("\n");
};

describe("terminal report", () => {
  it("of a failure says cause, evidence, fix, decision and the ways out", () => {
    const words = 'path "/tmp/fuse-test-bridge" is mounted on "/" but it is not a shared mount';
    const text = linesOf(evidence({ pods: [waiting("producer", "fuse-producer", "CreateContainerError", words)] }));
    for (const part of [
      "✗ k3s-w2: FAILURE, grade C (node-root-private)",
      words,
      "--make-rshared /",
      "Keep SMB/CIFS with LD_PRELOAD.",
      "systemd",
      "keep LD_PRELOAD in the readers",
    ])
      assert.ok(text.includes(part), `${part} in ${text}`);
  });

  it("of a success says what each reader saw, and gives the fragment to copy instead of a fix", () => {
    const text = linesOf(evidence({ records: [...mounted, unseenByControl, ...sees("default"), ...sees("hardened")] }));
    assert.match(text, /hardened reader: saw it 100 ms after the mount/);
    assert.ok(text.includes(NONCE) && text.includes("mountPropagation: HostToContainer"));
    assert.doesNotMatch(text, /^ {2}fix/m);
  });

  it("shows six pieces of evidence and says how many more there are", () => {
    const many = Array.from({ length: 9 }, (_, index) =>
      altered(record("default", "look", "error", { errno: "EIO" }), { step: `step${index}` }),
    );
    const text = linesOf(evidence({ pods: [], records: many, final: true }));
    assert.match(text, /and 3 more: see --json/);
  });
});
