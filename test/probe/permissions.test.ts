import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseRecord } from "../../core/contract/records.ts";
import { VARIANTS } from "../../core/contract/variants.ts";
import { ofStep } from "../core/evidence/evidence.ts";
import { runPiece } from "./shell.ts";

const PROBE = join(import.meta.dirname, "..", "..", "probe");
const IDS = VARIANTS.map(({ id }) => id as string);

/** Runs a piece of shell with the permission matrix's script, as a role, on a bridge that a mount table speaks of. */
function shell(script: string, role: string, bridge: string, environment: Record<string, string> = {}) {
  const { stdout, stderr } = runPiece(["permissions.sh"], script, {
    environment: {
      ROLE: role,
      PERMISSIONS: "yes",
      BRIDGE: bridge,
      FINDINGS: bridge,
      MOUNTINFO: join(bridge, "table"),
      ...environment,
    },
  });
  assert.equal(stderr, "");
  return stdout.split("\n").flatMap((line) => parseRecord(line) ?? []);
}

describe("permission probe", () => {
  const bridge = mkdtempSync(join(tmpdir(), "bridge-"));
  after(() => rmSync(bridge, { recursive: true }));
  const table = (...ids: readonly string[]) =>
    writeFileSync(
      join(bridge, "table"),
      ids.map((id) => `9 1 0:9 / ${bridge}/permissions/${id} rw shared:1 - fuse.rclone /s rw\n`).join(""),
    );
  for (const id of IDS) {
    mkdirSync(join(bridge, "permissions", id, "sub"), { recursive: true });
    writeFileSync(join(bridge, "permissions", id, "marker"), `run=r variant=${id}\n`);
    if (id !== "root-only") writeFileSync(join(bridge, "permissions", id, "sub", "inner"), "i");
    symlinkSync("marker", join(bridge, "permissions", id, "link"));
  }

  it("tries nothing before the last variant is there, then each once", () => {
    table("user-conf-allow", "root-only");
    assert.deepEqual(shell("permissions_look", "default", bridge), []);
    table("user-conf-allow", "root-only", "root-allow");
    const records = ofStep(shell("permissions_look; permissions_look", "hardened", bridge), "access");
    assert.deepEqual(records.map(({ variant }) => variant).sort(), [...IDS].sort());
    const of = (id: string) => records.find(({ variant }) => variant === id);
    assert.deepEqual([of("user-conf-only")?.mounted, of("user-conf-only")?.result], ["no", "info"]);
    const answers = (["result", "list", "stat", "nlink", "read", "sub", "link", "write"] as const).map(
      (key) => of("root-only")?.[key],
    );
    assert.deepEqual(answers, ["ok", "ok", "ok", "3", "ok", "ENOENT", "ok", "ok"]);
  });

  it("does not take a mount of an earlier run for the sign", () => {
    table("root-allow");
    assert.deepEqual(shell("permissions_look", "user", bridge, { RUN: "another" }), []);
    for (const errno of ["ENOTCONN", "ECONNABORTED"]) {
      const dead = `bounded() { errno=${errno} out=""; return 1; }; permissions_look`;
      assert.deepEqual(shell(dead, "user", bridge), [], errno);
    }
  });

  it("asks a mount that hangs once, and leaves the rest untried", () => {
    table("root-allow");
    const hangs = 'bounded() { errno=ETIMEDOUT out=""; return 1; }; permissions_look';
    const tried = ofStep(shell(hangs, "user", bridge), "access").find(({ variant }) => variant === "root-allow");
    assert.deepEqual([tried?.list, tried?.stat, tried?.write, tried?.result], ["ETIMEDOUT", "", "", "error"]);
  });

  for (const [role, permissions] of [
    ["control", "yes"],
    ["producer", "yes"],
    ["default", "no"],
  ] as const)
    it(`does nothing as ${role} with PERMISSIONS=${permissions}`, () => {
      table(...IDS);
      assert.deepEqual(shell("permissions_look", role, bridge, { PERMISSIONS: permissions }), []);
    });

  it("takes away every mount that the table has, the last first, and says what stays", () => {
    table(...IDS.slice(0, 2));
    const away = 'umount() { sed -i "\\# $2 #d" "$MOUNTINFO"; }; permissions_unmount';
    assert.deepEqual(shell(away, "producer", bridge), []);
    assert.equal(readFileSync(join(bridge, "table"), "utf8"), "");
    table(...IDS.slice(0, 2));
    const [left] = shell("umount() { echo busy; return 1; }; permissions_unmount", "producer", bridge);
    assert.deepEqual([left?.step, left?.result, left?.detail], ["unmount", "error", "busy"]);
  });

  it("gives fusermount's own refusal the error it stands for", () => {
    const words = "fusermount3: option allow_other only allowed if 'user_allow_other' is set in /etc/fuse.conf";
    const [refused] = ofStep(
      shell(`permission_refused user-noconf-allow "${words}"`, "producer", bridge),
      "permission",
    );
    assert.deepEqual([refused?.errno, refused?.detail, refused?.variant], ["EPERM", words, "user-noconf-allow"]);
  });

  it("knows the variants by the same names as the sweep and the core, the readers' sign last", () => {
    const listed = (file: string, pattern: RegExp) =>
      pattern.exec(readFileSync(join(PROBE, file), "utf8"))?.[1]?.split(" ") ?? [];
    const own = listed("permissions.sh", /^PERMISSION_VARIANTS='(.*)'$/m);
    assert.deepEqual([...own].sort(), [...IDS].sort());
    assert.equal(own.at(-1), "root-allow");
    assert.deepEqual(listed("sweep.sh", /for variant in (.*); do/), own);
  });
});
