/** The scripts of a recipe, run for real: in a mount namespace of their own, with a FUSE file system where there is one. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DRIVER_IDS, type DRIVERS } from "../../../core/contract/drivers.ts";
import { clearScript, daemonScript, gateScript } from "../../../core/recipe/scripts.ts";
import { parseRecipe } from "../../../core/recipe/settings.ts";

const recipe = (driver: keyof typeof DRIVERS, flags: string[] = []) =>
  parseRecipe({ nodes: ["a"], driver, flags, ...(driver === "command" ? { command: "exec true" } : {}) });
const SCRIPTS = {
  clear: clearScript(),
  gate: gateScript("/mnt/media/remote"),
  ...Object.fromEntries(DRIVER_IDS.map((driver) => [driver, daemonScript(recipe(driver))])),
};

describe("a recipe's scripts", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "recipe-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  // What a trap calls it takes for unreachable, and LOOKS comes with the environment.
  for (const [name, script] of Object.entries(SCRIPTS))
    it(`${name} has nothing that shellcheck finds`, () => {
      const { status, stdout } = spawnSync("shellcheck", ["-s", "sh", "-e", "SC2317,SC2153", "-"], {
        input: script,
        encoding: "utf8",
      });
      assert.equal(status, 0, stdout);
    });

  /** In a mount namespace of its own, so that nothing it mounts is seen outside. */
  const inside = (script: string, looks = 1) => {
    const point = join(folder, "point");
    const { status, stdout, stderr } = spawnSync("unshare", ["--mount", "sh", "-c", script], {
      env: { ...process.env, MOUNT: point, LOOKS: String(looks), CLEAR: SCRIPTS.clear },
      encoding: "utf8",
      timeout: 60_000,
    });
    return { status, said: stdout + stderr };
  };

  it("make a mount point that only root may look into", () => {
    const { status, said } = inside('sh -c "$CLEAR" && stat -c %a "$MOUNT"');
    assert.deepEqual([status, said], [0, "0\n"]);
  });

  it("leave what is mounted there and is no FUSE, and say so", () => {
    const { status, said } = inside(
      'mkdir -p "$MOUNT"; mount -t tmpfs none "$MOUNT"; sh -c "$CLEAR"; echo $?; grep -c "$MOUNT" /proc/self/mountinfo',
    );
    assert.equal(status, 0);
    assert.match(said, /^1\n1\n.* not by FUSE: it stays\n$/);
  });

  describe("that wait", () => {
    /** Programs in the place of those that look at the mount table. */
    const withTool = (name: string, body: string, script: string) => {
      writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
      const { status, stdout } = spawnSync("sh", ["-c", script], {
        env: { ...process.env, PATH: `${folder}:${process.env.PATH}`, MOUNT: folder, LOOKS: "3" },
        encoding: "utf8",
        timeout: 60_000,
      });
      rmSync(join(folder, name));
      return { status, stdout };
    };

    it("say once for whom, in a reader", () => {
      const waited = join(folder, "waited");
      const { status, stdout } = withTool("grep", `[ -e ${waited} ] || ! touch ${waited}`, gateScript(folder));
      assert.deepEqual([status, stdout], [0, `waiting for the daemon that serves ${folder}\n`]);
    });

    it("say once for whom, before the daemon", () => {
      const { status, stdout } = withTool("awk", "echo fuse.x", SCRIPTS.clear);
      assert.deepEqual([status, stdout], [1, `waiting for the daemon that serves ${folder} to end\n`]);
    });
  });

  it("quote the words that a shell would read otherwise", () => {
    assert.match(daemonScript(recipe("rclone", ["--a=b", "it's $x"])), /--allow-other --a=b 'it'\\''s \$x';/);
  });
});
