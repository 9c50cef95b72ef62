import assert from "node:assert/strict";
import type { Access, PermissionMatrix } from "../../core/diagnosis/permissions.ts";
import { permissionLines } from "../../report/permissions.ts";

const access = (uid: number, answer: string, more: Partial<Access> = {}): Access => ({
  mounted: "yes",
  uid,
  list: answer,
  stat: answer,
  read: answer,
  sub: answer,
  link: answer,
  write: answer === "ok" ? "EROFS" : answer,
  ...more,
});
/** The cells of the row that begins with these words. */
const row = (matrix: PermissionMatrix, words: string): string[] =>
  permissionLines(matrix)
    .find((line) => line.startsWith(`  ${words} `))
    ?.trim()
    .split(/ {2,}/)
    .slice(1) ?? [];

describe("permission table", () => {
  it("says of each reader in a word what it met", () => {
    const readers = { root: access(0, "ok"), user: access(1000, "EACCES"), hardened: access(65534, "EACCES") };
    assert.deepEqual(row({ "root-only": { mounted: "yes", readers } }, "root daemon, no allow_other"), [
      "reads",
      "EACCES",
      "EACCES",
    ]);
  });

  it("says of a mixed answer what differs, and of a missing one that it was not probed", () => {
    const { link: _link, write: _write, ...untold } = access(65534, "ok");
    const readers = {
      root: access(0, "EIO", { list: "ok" }),
      user: access(1000, "ok", { link: "ENOENT" }),
      hardened: untold,
    };
    assert.deepEqual(row({ "root-allow": { mounted: "yes", readers } }, "root daemon, allow_other"), [
      "list ok; stat EIO; read EIO; sub EIO; link EIO",
      "reads; link ENOENT",
      "reads; link not probed",
    ]);
    assert.deepEqual(row({}, "root daemon, allow_other"), ["not probed", "not probed", "not probed"]);
  });

  it("tells once what is the same wherever it reads", () => {
    const readers = { root: access(0, "ok", { link: "ENOENT" }), user: access(1000, "ok", { link: "ENOENT" }) };
    const matrix: PermissionMatrix = { "root-allow": { mounted: "yes", readers } };
    assert.deepEqual(row(matrix, "root daemon, allow_other"), ["reads", "reads", "not probed"]);
    assert.ok(permissionLines(matrix).includes("  wherever it reads: link ENOENT"));
  });

  it("gives a refusal its errno where it has one, and the line that tells why in full", () => {
    const detail = "fusermount: option allow_other only allowed if 'user_allow_other' is set\nFatal error";
    const matrix: PermissionMatrix = {
      "user-noconf-allow": { mounted: "refused", errno: "EPERM", detail, readers: {} },
      "user-conf-only": { mounted: "refused", errno: "UNKNOWN", detail: "no way", readers: {} },
    };
    const reported = (detail: string) =>
      permissionLines({ "user-conf-only": { mounted: "refused", errno: "EPERM", detail, readers: {} } }).at(-1);
    assert.match(
      reported("NOTICE: no configuration\nmount helper error: fusermount: Operation not permitted\nFatal error") ?? "",
      /: mount helper error: fusermount: Operation not permitted$/,
    );
    assert.match(reported("NOTICE: nothing\nERROR: it broke\n") ?? "", /: ERROR: it broke$/);
    const text = permissionLines(matrix).join("\n");
    assert.match(text, /fuse\.conf forbids it: fusermount: option allow_other only allowed .* is set$/m);
    assert.equal(row(matrix, "user daemon, allow_other, fuse.conf forbids it")[0], "refused: EPERM");
    assert.equal(row(matrix, "user daemon, no allow_other, fuse.conf allows it")[0], "refused");
  });

  it("marks a write that nothing refused and a cell against FUSE's law, and says why", () => {
    const readers = {
      root: access(0, "ok", { write: "ok" }),
      user: access(1000, "ok"),
      hardened: access(65534, "EACCES"),
    };
    const matrix: PermissionMatrix = { "root-only": { mounted: "yes", readers } };
    assert.deepEqual(row(matrix, "root daemon, no allow_other"), ["reads, writes !", "reads !", "EACCES"]);
    const text = permissionLines(matrix).join("\n");
    assert.match(text, /! 1 can write: .*--read-only/);
    assert.match(text, /! root daemon, no allow_other: uid 1000 may list, stat, read, sub, link without allow_other/);
  });
});
