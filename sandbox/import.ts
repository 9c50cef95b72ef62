/** Brings an image archive onto the nodes that are boxes, as `docker save` and the like write it: they reach no registry. */
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { step } from "../base/progress.ts";
import { pathIn, runIn } from "./box/box.ts";
import { imagesCommand, importCommand } from "./build/runtimes.ts";
import { readRecord } from "./cluster/record.ts";
import { exclusively } from "./lock.ts";
import { suiteOf } from "./platform.ts";
import { SandboxError } from "./problem.ts";

/** Where a node finds the archive meanwhile. */
const ARCHIVE = "/run/image.tar";

/**
 * @returns the names of the images that no node had, as pods name them
 * @throws SandboxError where the sandbox is not up, there is no such file, or the runtime does not take it
 */
export function importImage(archive: string): Promise<readonly string[]> {
  return exclusively(async () => {
    if (!existsSync(archive))
      throw new SandboxError(`there is no file ${archive}`, "Write one: docker save my/image:1.0 >my-image.tar");
    const record = readRecord();
    // Into a virtual machine nobody copies: it has its images from its start.
    const nodes =
      record?.boxes.filter(({ name }) => record.sandbox.nodes.includes(name) && !suiteOf(record.sandbox, name)) ?? [];
    if (!record || nodes.length === 0) throw new SandboxError("the sandbox is not up", "npm run sandbox -- up");
    const added = new Set<string>();
    for (const box of nodes)
      await step(`${box.name}: image imported`, async () => {
        const { runtime } = record.sandbox;
        const list = async () =>
          (await runIn(box, imagesCommand(runtime, "list", "--quiet"))).split("\n").filter(Boolean);
        const before = new Set(await list());
        const copy = pathIn(box, ARCHIVE);
        try {
          copyFileSync(archive, copy);
          await runIn(box, importCommand(runtime, ARCHIVE));
        } finally {
          rmSync(copy, { force: true });
        }
        for (const name of await list()) if (!before.has(name) && !name.startsWith("sha256:")) added.add(name);
      });
    return [...added];
  });
}
