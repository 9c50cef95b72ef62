import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownPods } from "../../cluster/ownPods.ts";

describe("pods from a user's files", () => {
  let folder: string;
  const written = (text: string): string => {
    const file = join(folder, "pods.yaml");
    writeFileSync(file, text);
    return file;
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pods-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("are found among other objects, and inside lists", () => {
    const pod = (name: string) => `{kind: Pod, metadata: {name: ${name}}}`;
    const file = written(
      `${pod("a")}\n---\nkind: ConfigMap\n---\n{kind: List, items: [${pod("b")}, {kind: Service}]}\n---\n`,
    );
    assert.deepEqual(
      ownPods([file]).map(({ metadata }) => metadata?.name),
      ["a", "b"],
    );
  });

  it("are refused, with the file's name, where it is no YAML or not there", () => {
    assert.throws(() => ownPods([written("a: [")]), /pods\.yaml cannot be read/);
    assert.throws(() => ownPods([join(folder, "none.yaml")]), /none\.yaml cannot be read/);
  });
});
