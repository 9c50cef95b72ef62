import assert from "node:assert/strict";
import type { Finding, Layout } from "../../core/layout/index.ts";
import type { Diagnosis, LiveFinding } from "../../core/live/index.ts";
import { counted, findingLines, isFailure, layoutSummary, liveSummary } from "../../report/findings.ts";

const error: Finding = {
  ...{
    id: "different-paths",
    severity: "error",
    file: "a.yaml",
    object: "Pod a",
    path: "spec",
    message: "m",
    fix: "f",
  },
};
const advice: Finding = { ...error, id: "gate-missing", severity: "advice" };
const quote = { source: "kernel", text: "t" };
const live = (of: "error" | "advice", basis: LiveFinding["basis"]): LiveFinding => ({
  ...(of === "error" ? error : advice),
  basis,
  evidence: Array.from({ length: 6 }, () => quote),
});

describe("the lines of a finding", () => {
  it("of manifests say what, where and what to do", () => {
    assert.deepEqual(findingLines(error), ["✗ different-paths  Pod a", "  m", "  at   a.yaml: spec", "  fix  f", ""]);
    assert.match(findingLines(advice)[0] ?? "", /^· gate-missing/);
  });

  it("of pods that run have its basis, and its first quotes", () => {
    const [first, ...lines] = findingLines(live("error", "inference"));
    assert.equal(first, "✗ different-paths  Pod a  (inference)");
    assert.equal(lines.filter((line) => line === "  seen kernel: t").length, 4);
  });
});

it("advice fails only where it counts", () => {
  assert.deepEqual([isFailure([error]), isFailure([advice]), isFailure([advice], true)], [true, false, true]);
  assert.deepEqual([isFailure([]), isFailure([], true)], [false, false]);
});

describe("the summary", () => {
  const layout = (findings: Layout["findings"], producers = 1, readers = 2) =>
    layoutSummary({ findings, producers, readers });
  const running = (more: Partial<Diagnosis>) =>
    liveSummary({ findings: [], seen: [], unread: [], producers: 1, lone: [], readers: 1, nodes: [], ...more }, [
      "media",
      "tv",
    ]);

  it("of manifests counts what was found, or says what is missing", () => {
    assert.equal(
      layout([error, advice]),
      "✗ 1 error, 1 suggestion in the manifests of 1 FUSE daemon and 2 readers (static: no proof)",
    );
    assert.match(layout([advice]), /^· 1 suggestion in the manifests/);
    assert.match(layout([]), /^✓ nothing wrong found in the manifests of 1 FUSE daemon and 2 readers \(static/);
    assert.match(layout([], 0), /^! no FUSE daemon found/);
    assert.match(layout([], 1, 0), /^! nothing wrong found .*: pass the readers' as well/);
  });

  it("of pods that run tells proofs from inferences, or says what is missing", () => {
    const both = [live("error", "proof"), live("advice", "inference")];
    assert.equal(
      running({ findings: both }),
      "✗ 2 findings at 1 FUSE daemon and 1 reader in media, tv: 1 proven, 1 inferred",
    );
    assert.match(running({ findings: both.slice(1) }), /^✓ nothing wrong found at .*, and 1 suggestion$/);
    assert.match(
      running({ unread: [{ whose: "a", words: "b", remedy: "c" }] }),
      /^! nothing wrong found in what could be read/,
    );
    assert.match(running({ readers: 0, lone: ["Pod a"] }), /^! no reader of Pod a found in media, tv/);
    assert.match(running({ readers: 0, producers: 0 }), /^! no FUSE daemon with readers found in media, tv/);
  });

  it("has the plural where it should", () => {
    assert.deepEqual(
      [0, 1, 2].map((many) => counted(many, "file")),
      ["0 files", "1 file", "2 files"],
    );
  });
});
