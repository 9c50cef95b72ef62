import assert from "node:assert/strict";
import type { Errno } from "../../../core/contract/fields.ts";
import { MATRIX_READERS, type MatrixReader as Reader } from "../../../core/contract/readers.ts";
import { isStep, type ProbeRecord } from "../../../core/contract/records.ts";
import { OPERATIONS, VARIANTS, type VariantId } from "../../../core/contract/variants.ts";
import { permissionsComplete, permissionsOf, surprises } from "../../../core/diagnosis/permissions.ts";
import { evidence, record } from "../evidence/evidence.ts";

const READER_NAMES = MATRIX_READERS.map(({ matrix }) => matrix);
const roleOf = (reader: Reader) => MATRIX_READERS.find(({ matrix }) => matrix === reader)?.role ?? "control";
const UIDS = Object.fromEntries(MATRIX_READERS.map(({ matrix, uid }) => [matrix, String(uid)])) as Record<
  Reader,
  string
>;
const FORBIDDEN = "fusermount: option allow_other only allowed if 'user_allow_other' is set in /etc/fuse.conf";

const mounts = (variant: VariantId): ProbeRecord => record("producer", "permission", "ok", { variant });
const refuses = (variant: VariantId, errno: Errno = "EPERM", detail = FORBIDDEN): ProbeRecord =>
  record("producer", "permission", "error", { variant, errno, detail });

/** What a reader logs where every operation has the same answer, but for those given. */
const tries = (reader: Reader, variant: VariantId, answer: string, more: Record<string, string> = {}): ProbeRecord =>
  record(roleOf(reader), "access", answer === "ok" ? "ok" : "error", {
    variant,
    mounted: "yes",
    uid: UIDS[reader],
    ...Object.fromEntries(OPERATIONS.map((operation) => [operation, answer])),
    nlink: answer === "ok" ? "3" : "",
    ...(answer === "ok" ? { write: "EROFS" } : {}),
    ...more,
  });

/** Who FUSE lets in, written out: the table a person would draw. */
const LET_IN: Readonly<Record<VariantId, readonly Reader[] | "refused">> = {
  "root-allow": READER_NAMES,
  "root-only": ["root"],
  "user-conf-allow": READER_NAMES,
  "user-conf-only": ["user"],
  "user-noconf-allow": "refused",
  "user-noconf-only": ["user"],
};
const lawful: readonly ProbeRecord[] = VARIANTS.flatMap(({ id }) => {
  const letIn = LET_IN[id];
  if (letIn === "refused")
    return [
      refuses(id),
      ...READER_NAMES.map((reader) =>
        record(roleOf(reader), "access", "info", { variant: id, mounted: "no", uid: UIDS[reader] }),
      ),
    ];
  return [mounts(id), ...READER_NAMES.map((reader) => tries(reader, id, letIn.includes(reader) ? "ok" : "EACCES"))];
});

const matrixOf = (records: readonly ProbeRecord[]) => {
  const matrix = permissionsOf(evidence({ records }));
  assert.ok(matrix);
  return matrix;
};
const variantOf = (one: ProbeRecord) => (isStep(one, "permission", "access") ? one.variant : undefined);
/** The lawful records with those of one cell replaced. */
const but = (changed: ProbeRecord): ProbeRecord[] => [
  ...lawful.filter(
    (one) => one.role !== changed.role || one.step !== changed.step || variantOf(one) !== variantOf(changed),
  ),
  changed,
];

describe("permission matrix", () => {
  it("is undefined where the producer has not told of any variant", () => {
    assert.equal(permissionsOf(evidence({ records: [tries("root", "root-allow", "ok")] })), undefined);
  });

  it("has each answer under its variant and reader, and the refusal in its own words", () => {
    const matrix = matrixOf(lawful);
    assert.deepEqual(matrix["user-noconf-allow"], {
      mounted: "refused",
      errno: "EPERM",
      detail: FORBIDDEN,
      readers: Object.fromEntries(READER_NAMES.map((reader) => [reader, { mounted: "no", uid: Number(UIDS[reader]) }])),
    });
    assert.deepEqual(matrix["root-only"]?.readers.hardened, {
      mounted: "yes",
      uid: 65534,
      list: "EACCES",
      stat: "EACCES",
      read: "EACCES",
      sub: "EACCES",
      link: "EACCES",
      write: "EACCES",
    });
    assert.deepEqual(
      [matrix["root-only"]?.readers.root?.nlink, matrix["root-only"]?.readers.root?.write],
      [3, "EROFS"],
    );
  });

  it("shows what was not tried as absent, never as ok", () => {
    const matrix = matrixOf([mounts("root-allow"), tries("user", "root-allow", "ok", { sub: "", link: "" })]);
    const { readers } = matrix["root-allow"] ?? {};
    assert.deepEqual(Object.keys(readers ?? {}), ["user"]);
    assert.deepEqual([readers?.user?.read, readers?.user?.sub, readers?.user?.link], ["ok", undefined, undefined]);
    assert.equal(matrix["user-conf-only"], undefined);
  });

  it("takes the last word of each where a container was started again", () => {
    const records = [refuses("root-allow", "EBUSY", "busy"), mounts("root-allow"), tries("root", "root-allow", "EIO")];
    const { mounted, readers } = matrixOf([...records, tries("root", "root-allow", "ok")])["root-allow"] ?? {};
    assert.deepEqual([mounted, readers?.root?.read], ["yes", "ok"]);
  });
});

describe("the permission matrix is complete", () => {
  const inspect = record("producer", "inspect", "info");
  const producers = lawful.filter(({ role }) => role === "producer");
  const cases: readonly [what: string, records: readonly ProbeRecord[], complete: boolean][] = [
    ["once every reader has recorded every mounted variant", lawful, true],
    ["and the end of the schedule changes nothing", [...lawful, inspect], true],
    ["not before anything was recorded", [], false],
    ["not while the producer mounts", producers.slice(0, 3), false],
    ["not while the readers have not recorded", [...producers, inspect], false],
    [
      "not while one reader lacks one variant",
      lawful.filter((one) => one.role !== "hardened" || variantOf(one) !== "user-conf-only"),
      false,
    ],
    [
      "without the readers' word on a variant that was refused",
      lawful.filter((one) => one.step !== "access" || variantOf(one) !== "user-noconf-allow"),
      true,
    ],
    ["where the schedule ended and the matrix was no part of it", [inspect], true],
    [
      "where the producer was ended before it mounted the last",
      [mounts("root-only"), record("producer", "finish", "info")],
      true,
    ],
    ["where the producer cannot mount again, and comes to no matrix", [record("producer", "mount", "error")], true],
    ["where every variant was refused: no reader begins", VARIANTS.map(({ id }) => refuses(id, "ENODEV", "no")), true],
  ];
  for (const [what, records, complete] of cases)
    it(what, () => assert.equal(permissionsComplete(evidence({ records })), complete));
});

describe("surprises", () => {
  it("are none where FUSE's law holds", () => assert.deepEqual(surprises(matrixOf(lawful)), []));

  const cases: readonly [what: string, changed: ProbeRecord, found: readonly string[]][] = [
    [
      "a reader kept out despite allow_other",
      tries("hardened", "root-allow", "EACCES"),
      ["root-allow hardened kept-out"],
    ],
    ["kept out of one operation", tries("user", "root-allow", "ok", { sub: "EACCES" }), ["root-allow user kept-out"]],
    ["root let in to a user's own mount", tries("root", "user-conf-only", "ok"), ["user-conf-only root let-in"]],
    [
      "another user let in to root's own mount, by one operation",
      tries("user", "root-only", "EACCES", { stat: "ok" }),
      ["root-only user let-in"],
    ],
    ["a write that works", tries("user", "user-conf-only", "ok", { write: "ok" }), ["user-conf-only user written"]],
    ["a mount that fuse.conf forbids", mounts("user-noconf-allow"), ["user-noconf-allow - mounted"]],
    // These are facts of the daemon, or of the image, and no matter of permission.
    ["a link that rclone hides", tries("root", "root-only", "ok", { link: "ENOENT" }), []],
    ["a daemon that hangs", tries("root", "root-only", "ETIMEDOUT"), []],
    ["a write by one who is kept out", tries("root", "user-conf-only", "EACCES", { write: "EROFS" }), []],
    [
      "no way to be another user",
      refuses("user-conf-allow", "UNKNOWN", "no way to run as another user in this image"),
      [],
    ],
    ["a default container whose image is not root's", tries("root", "user-conf-only", "ok", { uid: "1000" }), []],
  ];
  for (const [what, changed, found] of cases)
    it(`judge ${what}: ${found.join(", ") || "none"}`, () => {
      const names = surprises(matrixOf(but(changed))).map(
        ({ variant, reader, kind }) => `${variant} ${reader ?? "-"} ${kind}`,
      );
      assert.deepEqual(names, found);
    });
});
