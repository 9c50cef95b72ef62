import assert from "node:assert/strict";
import { recipeObjects } from "../../../core/recipe/daemon.ts";
import { outageIn, parseLooks } from "../../../core/recipe/looks.ts";
import { readerParts } from "../../../core/recipe/reader.ts";
import { parseRecipe } from "../../../core/recipe/settings.ts";
import {
  exhaustScript,
  outcomeLine,
  type TrialOutcome,
  type TrialReader,
  trialFinding,
  trialReader,
  trialRecipe,
  untriable,
} from "../../../core/recipe/trial.ts";
import { parseSettings } from "../../../core/settings/settings.ts";

const SETTINGS = parseSettings({ nodes: ["n1"], producerImage: "producer:1", consumerImage: "consumer:1" });

describe("the recipe on trial", () => {
  it("is what `recipe` writes for the same daemon, but for its name and place", () => {
    const tried = trialRecipe(SETTINGS, "n1", "A");
    const written = parseRecipe({
      nodes: ["n1"],
      grade: "A",
      image: "producer:1",
      resources: SETTINGS.resources.producer,
      name: "fuse-recipe",
      namespace: "fuse-test",
      mount: "fuse",
      path: "/mnt/elsewhere",
    });
    const moved = JSON.parse(JSON.stringify(recipeObjects(written)).replaceAll("/mnt/elsewhere", tried.path));
    assert.deepEqual(recipeObjects(tried), moved);
    assert.equal(tried.path, "/tmp/fuse-test-bridge/recipe");
  });

  it("is read by a workload that has the recipe's own parts in it", () => {
    const recipe = trialRecipe(SETTINGS, "n1", "B");
    const { spec } = trialReader(recipe, "consumer:1") as {
      readonly spec: { readonly template: { readonly metadata: { readonly labels: object }; readonly spec: object } };
    };
    const { labels, placement, gate, volumeMount, livenessProbe, volume } = readerParts(recipe);
    const pod = spec.template.spec as {
      readonly containers: readonly { readonly [key: string]: unknown }[];
      readonly [key: string]: unknown;
    };
    assert.deepEqual([pod.initContainers, pod.volumes], [[gate], [volume]]);
    for (const [key, value] of Object.entries(placement)) assert.deepEqual(pod[key], value);
    for (const [key, value] of Object.entries(labels))
      assert.equal((spec.template.metadata.labels as Readonly<Record<string, string>>)[key], value);
    for (const container of pod.containers) {
      assert.deepEqual(container.livenessProbe, livenessProbe);
      assert.deepEqual(container.volumeMounts, [volumeMount]);
    }
    assert.deepEqual(
      pod.containers.map(({ securityContext }) => (securityContext as { readonly runAsUser?: number }).runAsUser ?? 0),
      [0, 1000],
    );
  });

  it("writes nothing into what a daemon of the user's own serves", () => {
    const own = parseSettings({ nodes: ["n1"], driver: "command", command: "exec my-daemon" });
    const script = (settings: typeof SETTINGS) => JSON.stringify(trialReader(trialRecipe(settings, "n1", "A"), "x:1"));
    assert.match(script(SETTINGS), /echo \$ME >/);
    assert.doesNotMatch(script(own), /echo \$ME >/);
  });

  it("is none of an archive that is not there", () => {
    assert.match(untriable(parseSettings({ nodes: ["n1"], driver: "squashfuse" })) ?? "", /archive/);
    assert.equal(untriable(SETTINGS), undefined);
  });

  it("takes the container's memory in pieces that are smaller than the daemon", () => {
    const script = exhaustScript(trialRecipe(SETTINGS, "n1", "A"));
    const [, each = ""] = /head -c (\d+)/.exec(script) ?? [];
    const [, count = ""] = /-lt (\d+)/.exec(script) ?? [];
    assert.ok(Number(each) * Number(count) > 256 * 2 ** 20 && Number(each) < 5 * 2 ** 20, `${each} x ${count}`);
  });

  describe("its readers' words", () => {
    it("are read line by line, and what is cut off is none", () => {
      assert.deepEqual(parseLooks("12.5 ok/ok 1 30\n13.5 EROFS/empty 0 29\n14"), [
        { at: 12.5, state: "ok/ok", mounts: 1, table: 30 },
        { at: 13.5, state: "EROFS/empty", mounts: 0, table: 29 },
      ]);
    });

    const looks = (...said: readonly (readonly [number, string])[]) =>
      said.map(([at, state]) => ({ at, state, mounts: 1, table: 30 }));
    for (const [what, said, now, expected] of [
      ["nothing", looks([1, "ok/ok"], [2, "ok/ok"]), 2, { seen: [], outageMs: 0 }],
      ["an outage", looks([1, "ok/ok"], [2, "hung/hung"], [4.5, "ok/ok"]), 5, { seen: ["hung/hung"], outageMs: 2500 }],
      [
        "one that comes again",
        looks([2, "a"], [3, "ok/ok"], [4, "b"], [6, "ok/ok"]),
        6,
        { seen: ["a", "b"], outageMs: 4000 },
      ],
      ["one without end", looks([2, "ok/ok"], [3, "a"]), 4, { seen: ["a"], outageMs: undefined }],
      ["silence", looks([2, "ok/ok"], [9, "ok/ok"]), 9, { seen: ["silent"], outageMs: 6000 }],
      ["silence without end", looks([2, "ok/ok"]), 9, { seen: ["silent"], outageMs: undefined }],
      ["what was before", looks([0.5, "a"], [1.5, "ok/ok"]), 2, { seen: [], outageMs: 0 }],
    ] as const)
      it(`tell of ${what}`, () => assert.deepEqual(outageIn(said, 1, now), expected));
  });

  describe("what it has found", () => {
    const reader = (more: Partial<TrialReader> = {}): TrialReader => ({
      seen: ["ENOTCONN/ENOTCONN"],
      outageMs: 1000,
      restarts: 0,
      mounts: { most: 1, after: 1 },
      table: { before: 30, after: 30 },
      ...more,
    });
    const outcome = (root: TrialReader, user = reader()): TrialOutcome => ({
      fault: "hang",
      readers: { root, user },
    });

    for (const [what, outcomes, grade, left, holds, words] of [
      [
        "all well",
        [outcome(reader())],
        "A",
        0,
        true,
        /came through 1 of 1 faults, without a restart.*1\.0 s \(daemon hangs/,
      ],
      [
        "one not back",
        [outcome(reader({ outageMs: undefined }))],
        "A",
        0,
        false,
        /After "daemon hangs.*root did not come back/,
      ],
      ["written below", [outcome(reader({ seen: ["below/empty"] }))], "A", 0, false, /root met the plain directory/],
      [
        "root in an empty directory",
        [outcome(reader({ seen: ["EROFS/empty"] }))],
        "A",
        0,
        true,
        /let no reader run as root/,
      ],
      [
        "another user in an empty directory",
        [outcome(reader(), reader({ seen: ["EROFS/empty"] }))],
        "A",
        0,
        false,
        /user met the plain directory/,
      ],
      ["a restart with grade A", [outcome(reader({ restarts: 1 }))], "A", 0, false, /only by a restart/],
      ["a restart with grade B", [outcome(reader({ restarts: 1 }))], "B", 0, true, /with restarts of readers/],
      ["two mounts", [outcome(reader({ mounts: { most: 2, after: 1 } }))], "A", 0, false, /mounts pile up: 2/],
      [
        "a longer table",
        [outcome(reader({ table: { before: 30, after: 31 } }))],
        "A",
        0,
        false,
        /30 in all before and 31 after/,
      ],
      ["a mount that stays", [outcome(reader())], "A", 1, false, /leaves its mount behind/],
      [
        "one not asked",
        [outcome(reader()), { fault: "kubelet", readers: {}, unasked: "not ours" }],
        "A",
        0,
        true,
        /1 of 2 faults.*Not asked: kubelet restarted: not ours/,
      ],
      ["nothing asked", [{ fault: "kubelet", readers: {}, unasked: "not ours" }], "A", 0, undefined, /^Not answered/],
    ] as const satisfies readonly (readonly [
      string,
      readonly TrialOutcome[],
      "A" | "B",
      number,
      boolean | undefined,
      RegExp,
    ])[])
      it(what, () => {
        const found = trialFinding(outcomes, grade, left);
        assert.equal(found.holds, holds, found.finding);
        assert.match(found.finding, words);
      });

    it("says each fault in a line", () => {
      assert.equal(
        outcomeLine(outcome(reader(), reader({ seen: [], outageMs: 0 }))),
        "daemon hangs (-STOP): root back after 1.0 s (ENOTCONN/ENOTCONN); user noticed nothing",
      );
      assert.equal(
        outcomeLine(outcome(reader({ outageMs: undefined, restarts: 2 }), reader({ seen: [], outageMs: 0 }))),
        "daemon hangs (-STOP): root not back (ENOTCONN/ENOTCONN), restarted 2 times; user noticed nothing",
      );
    });
  });
});
