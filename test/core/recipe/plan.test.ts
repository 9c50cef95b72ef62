import assert from "node:assert/strict";
import fc from "fast-check";
import { parseAllDocuments } from "yaml";
import { DRIVER_IDS } from "../../../core/contract/drivers.ts";
import type { Change, Tree } from "../../../core/gitops/tree.ts";
import { layoutOf } from "../../../core/layout/index.ts";
import { recipeFiles } from "../../../core/recipe/files.ts";
import { clashes, planRecipe } from "../../../core/recipe/plan.ts";
import { parseRecipe, type Recipe, type RecipeInput } from "../../../core/recipe/settings.ts";

const PARENT = "apps/kustomization.yaml";
const DIRECTORY = "apps/media";
const THEIRS = "# theirs\r\nresources:   # in this order\r\n  - sonarr\r\n";

class Memory implements Tree {
  readonly all: Map<string, string>;
  constructor(files: Readonly<Record<string, string>> = {}) {
    this.all = new Map(Object.entries(files));
  }
  read = (path: string) => this.all.get(path);
  files = (directory: string) =>
    [...this.all.keys()].filter((path) => directory === "" || path.startsWith(`${directory}/`)).sort();
  apply(changes: readonly Change[]): this {
    for (const { path, after } of changes)
      if (after === undefined) this.all.delete(path);
      else this.all.set(path, after);
    return this;
  }
}

const recipe = (more: Partial<RecipeInput> = {}): Recipe =>
  parseRecipe({ nodes: ["k3s-w2"], readers: [{ name: "sonarr", containers: ["sonarr"] }], ...more });

const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const anyRecipe = fc
  .record({
    name: label,
    namespace: label,
    mount: label,
    grade: fc.constantFrom("A", "B"),
    driver: fc.constantFrom(...DRIVER_IDS),
    createNamespace: fc.boolean(),
    disruptionBudget: fc.boolean(),
    failover: fc.boolean(),
    flags: fc.array(fc.constantFrom("--read-only", "--vfs-cache-mode=writes", "it's", "a b")),
    ports: fc.array(fc.integer({ min: 1, max: 65535 }), { maxLength: 2 }),
    claim: fc.constantFrom("", "cache"),
    readers: fc.uniqueArray(
      fc.record({ name: label, containers: fc.uniqueArray(label, { minLength: 1, maxLength: 3 }) }),
      {
        selector: ({ name }) => name,
        maxLength: 3,
      },
    ),
  })
  .map(({ failover, driver, ...rest }) =>
    parseRecipe({
      ...rest,
      failover,
      driver,
      nodes: failover ? ["a", "b"] : ["a"],
      ...(driver === "command" ? { command: 'exec bindfs -f "$SOURCE" "$MOUNT"' } : {}),
    }),
  );

describe("a recipe in a checkout", () => {
  it("is written once: the second time there is nothing to change", () => {
    fc.assert(
      fc.property(anyRecipe, (one) => {
        const tree = new Memory({ [PARENT]: THEIRS }).apply(
          planRecipe(one, DIRECTORY, new Memory({ [PARENT]: THEIRS })).changes,
        );
        assert.deepEqual(planRecipe(one, DIRECTORY, tree).changes, []);
      }),
      { numRuns: 30 },
    );
  });

  it("is taken out without a trace: every byte is as before", () => {
    fc.assert(
      fc.property(anyRecipe, (one) => {
        const tree = new Memory({ [PARENT]: THEIRS, "apps/sonarr/a.yaml": "a: 1\n" });
        tree.apply(planRecipe(one, DIRECTORY, tree).changes);
        assert.ok(tree.all.size > 2);
        tree.apply(planRecipe(one, DIRECTORY, tree, { remove: true }).changes);
        assert.deepEqual(Object.fromEntries(tree.all), { [PARENT]: THEIRS, "apps/sonarr/a.yaml": "a: 1\n" });
      }),
      { numRuns: 30 },
    );
  });

  it("leaves no file of other settings behind", () => {
    const tree = new Memory({ [PARENT]: THEIRS });
    tree.apply(planRecipe(recipe({ disruptionBudget: true }), DIRECTORY, tree).changes);
    tree.apply(planRecipe(recipe({ readers: [] }), DIRECTORY, tree).changes);
    assert.deepEqual(
      tree.files(DIRECTORY),
      ["daemon.yaml", "kustomization.yaml", "network-policy.yaml"].map((name) => `${DIRECTORY}/${name}`),
    );
  });

  it("changes no file that a person edited, unless forced", () => {
    const tree = new Memory({ [PARENT]: THEIRS });
    tree.apply(planRecipe(recipe(), DIRECTORY, tree).changes);
    const path = `${DIRECTORY}/daemon.yaml`;
    tree.all.set(path, `${tree.all.get(path)}# mine\n`);
    const other = recipe({ stopSeconds: 60 });
    assert.deepEqual(
      planRecipe(other, DIRECTORY, tree).edited.map((one) => one.path),
      [path],
    );
    assert.ok(!planRecipe(other, DIRECTORY, tree).changes.some((one) => one.path === path));
    assert.ok(planRecipe(other, DIRECTORY, tree, { force: true }).changes.some((one) => one.path === path));
  });

  it("says where to list it where there is no list above it", () => {
    const { notes, changes } = planRecipe(recipe({ readers: [] }), DIRECTORY, new Memory());
    assert.match(notes.join(), /apps has no kustomization\.yaml/);
    assert.ok(changes.every(({ path }) => path.startsWith(`${DIRECTORY}/`)));
  });

  describe("and the kustomizations of others", () => {
    const deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: sonarr }\n";
    const own = (list: string) => ({
      [PARENT]: THEIRS,
      "apps/sonarr/deployment.yaml": deployment,
      "apps/sonarr/kustomization.yaml": `resources: [deployment.yaml]\n${list}`,
    });
    const notesIn = (tree: Memory, more: Partial<RecipeInput> = {}) =>
      planRecipe(recipe({ createNamespace: true, ...more }), DIRECTORY, tree).notes.filter((note) =>
        note.includes("component"),
      );

    it("says which line is needed, and where, until it is there", () => {
      for (const [list, words] of [
        [
          "",
          /^apps\/sonarr\/kustomization\.yaml, which has .* sonarr, needs the line `components: \[\.\.\/media\/readers\/sonarr\]`$/,
        ],
        [
          "components: [../x]",
          /^apps\/sonarr\/kustomization\.yaml.* needs `- \.\.\/media\/readers\/sonarr` below `components:`$/,
        ],
      ] as const)
        assert.match(notesIn(new Memory(own(list))).join("\n"), words);
      assert.deepEqual(notesIn(new Memory(own("components: [../media/readers/sonarr/]"))), []);
      assert.match(
        notesIn(new Memory({ [PARENT]: THEIRS })).join("\n"),
        /^the kustomization of Deployment sonarr needs the component: .*path to apps\/media\/readers\/sonarr/,
      );
    });

    const rows: readonly [what: string, more: Readonly<Record<string, string>>, broken: readonly string[]][] = [
      ["no list that leads to it", {}, []],
      [
        "a component",
        own("components:\n  - ../x\n  - ../media/readers/sonarr\n"),
        ["apps/sonarr/kustomization.yaml:4"],
      ],
      [
        "the directory, from elsewhere",
        { "clusters/kustomization.yml": "resources:\n- ../apps/media/" },
        ["clusters/kustomization.yml:2"],
      ],
      [
        "a file",
        { Kustomization: "bases: [ apps/media/daemon.yaml, https://example.org/apps/media ]" },
        ["Kustomization:1"],
      ],
      ["a line above it that a person wrote", { [PARENT]: "resources:\n  - media\n" }, [`${PARENT}:2`]],
      [
        "a list that is no YAML, or leads out of the checkout",
        {
          "kustomization.yaml": "resources: [apps/media",
          "a/kustomization.yaml": "resources: [../../apps/media, /apps/media]",
        },
        [],
      ],
    ];
    for (const [what, more, broken] of rows)
      it(`finds ${what} before the recipe goes`, () => {
        const tree = new Memory({ [PARENT]: THEIRS, ...more });
        tree.apply(planRecipe(recipe(), DIRECTORY, tree).changes);
        const planned = planRecipe(recipe(), DIRECTORY, tree, { remove: true });
        assert.deepEqual(
          planned.broken.map(({ file, line }) => `${file}:${line}`),
          broken,
        );
        assert.equal(planned.notes.filter((note) => note.includes("does not build")).length, broken.length);
        assert.deepEqual(planRecipe(recipe(), DIRECTORY, tree).broken, [], "nothing goes");
      });

    it("finds the component of a reader that is no longer wanted", () => {
      const tree = new Memory(own("components: [../media/readers/sonarr]\n"));
      tree.apply(planRecipe(recipe(), DIRECTORY, tree).changes);
      assert.deepEqual(
        planRecipe(recipe({ readers: [] }), DIRECTORY, tree).broken.map(({ line, entry }) => [line, entry]),
        [[2, "../media/readers/sonarr"]],
      );
    });

    it("passes over files that cannot be read", () => {
      class Locked extends Memory {
        override read = (path: string) => {
          if (path.startsWith("locked/")) throw new Error(path);
          return this.all.get(path);
        };
      }
      const tree = new Locked({ "locked/kustomization.yaml": "", "locked/a.yaml": "" });
      assert.deepEqual(planRecipe(recipe(), DIRECTORY, tree).broken, []);
    });
  });

  it("says what goes with a namespace that it writes or takes away", () => {
    const tree = new Memory({ [PARENT]: THEIRS });
    const first = planRecipe(recipe({ createNamespace: true, readers: [] }), DIRECTORY, tree);
    assert.match(first.notes.join("\n"), /namespace\.yaml is written: .* everything that is in it .*claims/);
    tree.apply(first.changes);
    assert.doesNotMatch(
      planRecipe(recipe({ createNamespace: true, readers: [] }), DIRECTORY, tree).notes.join("\n"),
      /amespace/,
    );
    for (const [one, options] of [
      [recipe(), {}],
      [recipe({ createNamespace: true, readers: [] }), { remove: true }],
      [recipe(), { remove: true }],
    ] as const)
      assert.match(
        planRecipe(one, DIRECTORY, tree, options).notes.join("\n"),
        /namespace\.yaml is taken away: .* everything that is in it .*claims/,
      );
  });

  it("says that its namespace must be there, unless the checkout has it", () => {
    const needed = /namespace media must be there, with the label .*privileged.*; or give --create-namespace/;
    assert.match(planRecipe(recipe(), DIRECTORY, new Memory()).notes.join("\n"), needed);
    const there = { "infra/all.yaml": "a: b\n---\nkind: Namespace\nmetadata: { name: media }\n" };
    assert.doesNotMatch(planRecipe(recipe(), DIRECTORY, new Memory(there)).notes.join("\n"), needed);
    assert.match(
      planRecipe(recipe({ namespace: "med" }), DIRECTORY, new Memory(there)).notes.join("\n"),
      /namespace med must/,
    );
  });

  const taken: readonly [what: string, other: Partial<RecipeInput>, key: string | undefined][] = [
    ["the same mount point", { name: "b" }, "mount"],
    ["a directory in it", { name: "b", path: "/mnt/media/remote", mount: "x" }, "mount"],
    ["the same name", { mount: "other" }, "name"],
    ["a mount point of its own in the same directory", { name: "b", mount: "other" }, undefined],
    ["the same name in another namespace", { namespace: "b", mount: "other" }, undefined],
  ];
  for (const [what, other, key] of taken)
    it(`${key ? "is refused" : "may stand"} beside one with ${what}`, () => {
      const tree = new Memory();
      tree.apply(planRecipe(recipe(), "apps/first", tree).changes);
      const found = clashes(recipe(other), DIRECTORY, tree);
      assert.deepEqual(
        found.map((one) => one.key),
        key ? [key] : [],
      );
      for (const { remedy } of found) assert.match(remedy, /apps\/first\/daemon\.yaml .* choose another/);
      assert.deepEqual(clashes(recipe(), "apps/first", tree), [], "it is not in its own way");
    });

  it("takes no file of somebody else's for a recipe", () => {
    const theirs = "metadata:\n  annotations:\n    fuse-propagation-test/mount: /mnt/media/remote\n";
    assert.deepEqual(clashes(recipe(), DIRECTORY, new Memory({ "a/daemon.yaml": theirs, "b/daemon.yaml": "{[" })), []);
  });

  it("has nothing that diagnose finds wrong, with each driver and grade, and with failover", () => {
    fc.assert(
      fc.property(anyRecipe, (one) => {
        const manifests = [...recipeFiles(one, DIRECTORY)]
          .filter(([file]) => !file.endsWith("kustomization.yaml"))
          .flatMap(([file, text]) =>
            parseAllDocuments(text).map((document) => ({ file, object: document.toJSON() as unknown })),
          );
        const { findings, producers, readers } = layoutOf(manifests);
        assert.deepEqual(findings, []);
        assert.equal(producers, 1);
        assert.equal(readers, one.readers.flatMap(({ containers }) => containers).length);
      }),
      { numRuns: 40 },
    );
  });

  it("holds nothing that Flux or Kubernetes would substitute", () => {
    fc.assert(
      fc.property(anyRecipe, (one) => assert.doesNotMatch([...recipeFiles(one, "a").values()].join(""), /\$\{|\$\$/)),
      { numRuns: 40 },
    );
  });
});
