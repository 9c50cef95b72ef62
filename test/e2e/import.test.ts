/** `npm run sandbox -- import`: an image of somebody's own, judged by the nodes' own runtime. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runIn } from "../../sandbox/box/box.ts";
import { pack } from "../../sandbox/build/images.ts";
import { layOutShell } from "../../sandbox/build/rootfs.ts";
import { imagesCommand, RUNTIME_NAMES } from "../../sandbox/build/runtimes.ts";
import { readRecord } from "../../sandbox/cluster/record.ts";
import { leaveSandbox, node, type SandboxDocument, sandbox, succeeded } from "./sandbox.ts";

const OWN = "localhost/own/films:1.0";

describe("an image of one's own on the sandbox", () => {
  let cluster: SandboxDocument;
  let folder: string;
  before(async () => {
    cluster = await sandbox();
    folder = mkdtempSync(join(tmpdir(), "import-"));
  });
  after(async () => {
    for (const name of cluster.nodes) await ctr(name, "rm", OWN);
    rmSync(folder, { recursive: true, force: true });
    await leaveSandbox();
  });

  const boxOf = (name: string) => {
    const box = readRecord()?.boxes.find((one) => one.name === name);
    assert.ok(box);
    return box;
  };
  const ctr = (name: string, ...args: string[]) =>
    runIn(boxOf(name), imagesCommand(readRecord()?.sandbox.runtime ?? RUNTIME_NAMES[0], ...args));

  it("is brought onto every node, and named as pods name it", async () => {
    const archive = join(folder, "own.tar");
    const root = join(folder, "root");
    mkdirSync(root);
    await layOutShell(root);
    // Not ctr's own export: one in ten of its archives is cut off, and it ends with 0.
    await pack(root, ["--cmd", "sh"], `${archive}:${OWN}`, folder);

    const { stdout } = succeeded(await node("sandbox/main.ts", ["import", archive, "--json"]));
    assert.deepEqual(JSON.parse(stdout), { images: [OWN] });
    for (const name of cluster.nodes) assert.match(await ctr(name, "list", "--quiet"), /^localhost\/own\/films:1.0$/m);
    const again = succeeded(await node("sandbox/main.ts", ["import", archive]));
    assert.match(again.stdout, /the nodes had all of its images/);
  });

  it("is refused where there is no such file", async () => {
    const { code, stderr } = await node("sandbox/main.ts", ["import", join(folder, "none.tar")]);
    assert.equal(code, 2);
    assert.match(stderr, /there is no file .*none\.tar/);
  });
});
