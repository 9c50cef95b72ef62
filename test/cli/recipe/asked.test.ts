import assert from "node:assert/strict";
import { askedRecipe, readerNamed, recipeDirectory } from "../../../cli/recipe/asked.ts";
import { emptied, requireUnnamed } from "../../../cli/recipe/going.ts";

describe("a recipe as it is asked for", () => {
  const asked = { out: "checkout", stack: "homelab", node: ["n1"], untested: true };

  it("takes what the command line says, and warns of a node that was never tested", () => {
    const { recipe, untested } = askedRecipe({ ...asked, name: "films", port: ["80"], reader: ["sonarr"] });
    assert.deepEqual([recipe.name, recipe.nodes, recipe.grade, recipe.ports], ["films", ["n1"], "B", [80]]);
    assert.deepEqual(
      recipe.readers.map(({ kind, name, containers }) => ({ kind, name, containers })),
      [{ kind: "Deployment", name: "sonarr", containers: ["sonarr"] }],
    );
    assert.match(untested.join(), /^n1: never tested/);
  });

  it("warns of nothing where it is taken out", () => {
    assert.deepEqual(askedRecipe({ ...asked, remove: true }).untested, []);
  });

  for (const [text, reader] of [
    ["sonarr", { kind: "Deployment", name: "sonarr", containers: ["sonarr"] }],
    ["sonarr:a,b", { kind: "Deployment", name: "sonarr", containers: ["a", "b"] }],
    ["StatefulSet/plex", { kind: "StatefulSet", name: "plex", containers: ["plex"] }],
    ["StatefulSet/plex:plex,tools", { kind: "StatefulSet", name: "plex", containers: ["plex", "tools"] }],
  ] as const)
    it(`has the reader ${text}`, () => assert.deepEqual(readerNamed(text), reader));
  for (const text of ["", "a/b/c", "a/", ":b", "a:"])
    it(`has no reader ${JSON.stringify(text)}`, () =>
      assert.throws(() => readerNamed(text), { remedy: /\[KIND\/\]NAME\[:CONTAINER\]/ }));

  it("lies in a directory below the checkout, by default of its name", () => {
    assert.equal(recipeDirectory({}, { name: "media" }), "media");
    assert.equal(recipeDirectory({ directory: "apps/media" }, { name: "films" }), "apps/media");
    for (const directory of ["", "/a", "a/", "a//b", "./a", "../a", "a/../b", "a b"])
      assert.throws(() => recipeDirectory({ directory }, { name: "media" }), /is refused/, directory);
  });
});

describe("a recipe that is taken out", () => {
  const gone = (path: string) => ({ path, before: "x", after: undefined });

  it("takes the directories of its files along, and no other", () => {
    const changes = [gone("apps/media/readers/sonarr/patch.yaml"), gone("apps/kustomization.yaml")];
    assert.deepEqual(emptied("apps/media", { changes }), [
      "apps/media",
      "apps/media/readers",
      "apps/media/readers/sonarr",
    ]);
  });

  it("stays where others name it", () => {
    requireUnnamed({ broken: [] });
    const lead = { file: "a/kustomization.yaml", list: "components", to: "m" } as const;
    const broken = [1, 2].map((line) => ({ ...lead, line, entry: `../m${line}` }));
    assert.throws(() => requireUnnamed({ broken }), {
      message: /a\/kustomization\.yaml:1 names \.\.\/m1, a\/kustomization\.yaml:2 names/,
      remedy: /^take those lines out first/,
    });
  });
});
