import assert from "node:assert/strict";
import type { AnyRole } from "../../../core/contract/readers.ts";
import type { ProbeRecord } from "../../../core/contract/records.ts";
import { scenarioVerdict } from "../../../core/diagnosis/answer.ts";
import { judge } from "../../../core/diagnosis/verdict.ts";
import { evidence, mounted, record, sees, unseenByControl } from "../evidence/evidence.ts";

const look = (
  role: AnyRole,
  seen: number,
  table: number,
  more: object = {},
  result: "ok" | "info" | "error" = "info",
) => record(role, "many", result, { seen: String(seen), asked: "20", table: String(table), ...more });
const producer = [look("producer", 1, 31), look("producer", 20, 50, {}, "ok")];
const control = [look("control", 0, 25)];
const reader = (role: AnyRole) => [look(role, 0, 25), look(role, 7, 32), look(role, 20, 45, { readable: "20" }, "ok")];
const readers = [...reader("default"), ...reader("hardened")];

function found(...records: readonly ProbeRecord[]) {
  const seen = [...mounted, unseenByControl, ...sees("default"), ...sees("hardened")];
  const verdict = judge(evidence({ scenario: "many-mounts", records: [...seen, ...records], final: true }));
  assert.equal(verdict?.cause, "success");
  return scenarioVerdict("many-mounts", verdict);
}

describe("many mounts", () => {
  it("are seen and read by each reader, each a line of each mount table", () => {
    const { asExpected, finding } = found(...producer, ...control, ...readers);
    assert.equal(asExpected, true, finding);
    assert.match(finding, /20 mounts; .*: producer 19, control 0, default 20, hardened 20 \(/);
  });

  const cases: readonly (readonly [what: string, records: readonly ProbeRecord[], finding: RegExp])[] = [
    ["whose producer recorded nothing", [], /^Not answered: the producer has not reported/],
    [
      "of which some were not mounted",
      [look("producer", 1, 31), look("producer", 19, 49, { detail: "too many" }, "error"), ...control, ...readers],
      /^Not answered: the producer has mounted 19 of 20: too many\.$/,
    ],
    [
      "of which a reader is silent",
      [...producer, ...control, ...reader("default")],
      /^Not answered: the container hardened has not reported/,
    ],
    [
      "of which a reader misses some",
      [
        ...[...producer, ...control, ...reader("default"), look("hardened", 0, 25), look("hardened", 12, 37)],
        { ...record("hardened", "finish", "info"), uptime: 1e6 },
      ],
      /^The reader hardened sees 12 of 20 mounts, and reads 0\.$/,
    ],
    [
      "of which a reader that had left saw some",
      [look("hardened", 0, 25), look("hardened", 12, 37), ...reader("default"), ...control, ...producer].map(
        (one, nth) => ({ ...one, uptime: 1e6 + nth }),
      ),
      /^Not answered: the reader hardened saw 12 of 20, and looked no more when all were mounted\.$/,
    ],
    [
      "that cost more than a line each",
      [
        ...producer,
        ...control,
        ...reader("hardened"),
        look("default", 0, 25),
        look("default", 20, 65, { readable: "20" }),
      ],
      /^The mount table of default has grown by 40 lines for 20 mounts\.$/,
    ],
  ];
  for (const [what, records, finding] of cases)
    it(`${what} are no yes`, () => {
      const verdict = found(...records);
      assert.equal(verdict.asExpected, false);
      assert.match(verdict.finding, finding);
    });
});
