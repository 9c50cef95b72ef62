import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseRecord } from "../../core/contract/records.ts";
import { ofStep } from "../core/evidence/evidence.ts";
import { runPiece } from "./shell.ts";

describe("many mounts, as a reader sees them", () => {
  const bridge = mkdtempSync(join(tmpdir(), "bridge-"));
  after(() => rmSync(bridge, { recursive: true }));
  const line = (at: string, type = "fuse.rclone") => `9 1 0:9 / ${bridge}/${at} rw shared:1 - ${type} /s rw`;
  const table = (name: string, ...lines: readonly string[]) =>
    writeFileSync(join(bridge, name), ["1 0 8:1 / / rw - ext4 /dev/vda rw", ...lines, ""].join("\n"));

  /** One look at each of these mount tables, in turn. */
  function looks(tables: readonly string[], mounts = "3") {
    const script = tables.map((name) => `MOUNTINFO=${bridge}/${name}; many_look`).join("; ");
    const { stdout, stderr } = runPiece(["many.sh"], script, {
      environment: { MOUNTS: mounts, BRIDGE: bridge, FINDINGS: bridge },
    });
    assert.equal(stderr, "");
    return ofStep(
      stdout.split("\n").flatMap((text) => parseRecord(text) ?? []),
      "many",
    );
  }

  before(() => {
    for (const name of ["fuse", "fuse-2", "fuse-3"]) {
      mkdirSync(join(bridge, name));
      if (name !== "fuse-3") writeFileSync(join(bridge, name, "marker"), "run=r nonce=1\n");
    }
    table("none");
    table("two", line("fuse"), line("fuse-2"), line("fuse-3", "ext4"), line("fuse-4/below"));
    table("all", ...["fuse", "fuse-2", "fuse-3"].map((at) => line(at)));
  });

  it("are counted each time that there are more or fewer, with the size of the mount table", () => {
    table("two", line("fuse"), line("fuse-2"), line("fuse-3", "ext4"));
    assert.deepEqual(
      looks(["none", "none", "two", "none"]).map(({ seen, table: size, result }) => [seen, size, result]),
      [
        ["0", "1", "info"],
        ["2", "4", "info"],
        ["0", "1", "info"],
      ],
    );
  });

  it("are read once all are there, and one that cannot be read is reported", () => {
    const [short] = looks(["all"]);
    assert.deepEqual([short?.seen, short?.readable, short?.result], ["3", "2", "error"]);
    assert.match(short?.detail ?? "", /No such file/);
    writeFileSync(join(bridge, "fuse-3", "marker"), "run=r nonce=3\n");
    const [all] = looks(["all", "all"]);
    assert.deepEqual([all?.seen, all?.readable, all?.result], ["3", "3", "ok"]);
  });

  it("are no question where one is all there is", () => {
    assert.deepEqual(looks(["all"], "1"), []);
  });
});
