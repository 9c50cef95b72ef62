import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runExport } from "../../../cli/commands/export.ts";
import { inProcess } from "../inProcess.ts";

describe("export --out CHECKOUT", () => {
  let checkout = "";
  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), "export-"));
  });
  afterEach(() => rmSync(checkout, { recursive: true }));
  const files = () =>
    readdirSync(checkout, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
  const run = (...args: string[]) => inProcess(runExport, ["--out", checkout, "--cluster", "home", ...args]);

  it("writes the test turned off, finds it as written, turns it on, and takes it out again", async () => {
    const first = await run("--json");
    assert.equal(first.status, 0, first.stderr);
    const { enabled, changes } = JSON.parse(first.stdout);
    assert.equal(enabled, false);
    assert.equal(changes.length, files().length);
    assert.ok(changes.every(({ change }: { change: string }) => change === "created"));
    assert.equal((await run("--check")).status, 0);
    const on = await run("--enable");
    assert.equal(on.status, 0, on.stderr);
    assert.match(on.stderr, /· enabled: the line .* is active/);
    assert.equal((await run("--check")).status, 0, "it is left as it is");
    const differs = await run("--check", "--set", "holdSeconds=21");
    assert.equal(differs.status, 1);
    assert.match(differs.stdout, /^\+.*21/m);
    assert.equal((await run("--remove")).status, 0);
    assert.deepEqual(files(), []);
  });

  it("leaves a file that was edited by hand, unless forced", async () => {
    assert.equal((await run()).status, 0);
    const [file = ""] = files().filter((path) => /producer\.yaml$/.test(path));
    const own = readFileSync(file, "utf8");
    appendFileSync(file, "# mine\n");
    const { status, stderr } = await run();
    assert.equal(status, 1);
    assert.match(stderr, /was edited by hand\n.*Nothing was written/);
    assert.equal(readFileSync(file, "utf8"), `${own}# mine\n`);
    assert.equal((await run("--force")).status, 0);
    assert.equal(readFileSync(file, "utf8"), own);
  });

  it("refuses a list that a line cannot be added to, and a checkout that is none", async () => {
    assert.equal((await run()).status, 0);
    for (const path of files()) if (path.endsWith("kustomization.yaml")) writeFileSync(path, "resources: *a\n");
    const { status, stderr } = await run();
    assert.equal(status, 2, stderr);
    assert.match(stderr, /remedy: edit that file by hand as said, then run this again/);
    const none = await inProcess(runExport, ["--out", join(checkout, "none")]);
    assert.equal(none.status, 2);
    assert.match(none.stderr, /there is no directory .*none/);
  });
});
