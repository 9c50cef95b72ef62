/** What an export changes in a checkout, on checkouts held in memory. */
import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { exportedFiles } from "../../../core/gitops/export.ts";
import { type Action, type GitopsPlan, plan } from "../../../core/gitops/plan.ts";
import type { Tree } from "../../../core/gitops/tree.ts";
import { fluxSchema } from "../../../core/settings/flux.ts";
import { parseSettings } from "../../../core/settings/settings.ts";
import { parentText } from "./lists.ts";

type Checkout = Record<string, string>;

const FLUX = fluxSchema.parse({});
const CLUSTER = "clusters/homelab/kustomization.yaml";
const GROUP = "clusters/homelab/testing/kustomization.yaml";
const ENTRY = "clusters/homelab/testing/fuse-propagation-test";
const render = (run: string) => exportedFiles(parseSettings({ nodes: ["k3s-w2"], run }), FLUX, { "a.sh": "true\n" });

const RENDERED = render("manual");

const EXPORT: Action = { do: "export" };
const ENABLE: Action = { do: "export", enabled: true };
const DISABLE: Action = { do: "disable" };
const REMOVE: Action = { do: "remove" };

const treeOf = (checkout: Checkout): Tree => ({
  read: (path) => checkout[path],
  files: (directory) => Object.keys(checkout).filter((path) => path.startsWith(`${directory}/`)),
});

function planned(checkout: Checkout, action: Action, { files = RENDERED, force = false } = {}): GitopsPlan {
  return plan(files, FLUX, treeOf(checkout), action, force);
}

/** The checkout after the plan; what it holds on the way is checked by `steps`. */
function done(
  checkout: Checkout,
  action: Action,
  options: { files?: ReadonlyMap<string, string>; force?: boolean } = {},
): Checkout {
  return steps(checkout, planned(checkout, action, options as { force?: boolean })).at(-1) ?? checkout;
}

function steps(checkout: Checkout, { changes }: GitopsPlan): Checkout[] {
  const all: Checkout[] = [];
  let now = checkout;
  for (const { path, before, after } of changes) {
    equal(now[path], before, path);
    const { [path]: _, ...rest } = now;
    now = after === undefined ? rest : { ...rest, [path]: after };
    all.push(now);
  }
  return all;
}

describe("an export's plan", () => {
  it("makes everything in an empty checkout, and takes everything out again", () => {
    const made = done({}, EXPORT);
    deepEqual(Object.keys(made).sort(), [CLUSTER, GROUP, ...RENDERED.keys()].sort());
    match(made[GROUP] ?? "", /^ {2}# - fuse-propagation-test$/m);
    match(made[CLUSTER] ?? "", /^ {2}- testing( #.*)?$/m);
    deepEqual(done(made, REMOVE), {});
    deepEqual(done(done(made, ENABLE), REMOVE), {});
  });

  it("changes nothing a second time, enabled or disabled", () => {
    for (const action of [EXPORT, ENABLE]) deepEqual(planned(done({}, action), EXPORT).changes, []);
    equal(planned(done({}, ENABLE), EXPORT).enabled, true, "an export does not disable");
  });

  it("enables and disables by one file", () => {
    const off = done({}, EXPORT);
    deepEqual(
      planned(off, ENABLE).changes.map(({ path }) => path),
      [GROUP],
    );
    deepEqual(
      planned(done(off, ENABLE), DISABLE).changes.map(({ path }) => path),
      [GROUP],
    );
    deepEqual(done(done(off, ENABLE), DISABLE), off);
  });

  it("gives 200 random hand-made parents back: export, disable, enable, remove", () => {
    const other = { "clusters/homelab/apps/kustomization.yaml": "resources: []\n", "README.md": "# hi\n" };
    fc.assert(
      fc.property(fc.option(parentText, { nil: undefined }), parentText, (group, cluster) => {
        const original: Checkout = { ...other, [CLUSTER]: cluster, ...(group === undefined ? {} : { [GROUP]: group }) };
        const exported = done(original, EXPORT);
        const disabled = done(exported, DISABLE);
        deepEqual(disabled, exported);
        const enabled = done(disabled, ENABLE);
        deepEqual(done(enabled, DISABLE), disabled);
        deepEqual(done(enabled, REMOVE), original);
        deepEqual(done(disabled, REMOVE), original);
      }),
      { numRuns: 100 },
    );
  });

  it("is safe at every step: nothing is referred to before it is there, or after it has gone", () => {
    for (const action of [ENABLE, REMOVE]) {
      const from = action === ENABLE ? {} : done({}, ENABLE);
      for (const step of [from, ...steps(from, planned(from, action))]) {
        const refers = (path: string, name: string) => new RegExp(`^ +- ${name}\\b`, "m").test(step[path] ?? "");
        if (refers(CLUSTER, "testing")) ok(step[GROUP] !== undefined);
        if (refers(GROUP, "fuse-propagation-test")) ok(step[`${ENTRY}/kustomization.yaml`] !== undefined);
        if (step[`${ENTRY}/kustomization.yaml`] !== undefined) ok(step[`${ENTRY}/producer.yaml`] !== undefined);
      }
    }
  });

  it("reports what people edited, and overwrites or removes it only by force", () => {
    const path = `${ENTRY}/producer.yaml`;
    const edited = { ...done({}, ENABLE) };
    edited[path] = (edited[path] ?? "").replace("privileged: true", "privileged: false");
    deepEqual(
      planned(edited, EXPORT).edited.map((file) => file.path),
      [path],
    );
    deepEqual(planned(edited, EXPORT).changes, []);
    deepEqual(
      planned(edited, REMOVE).edited.map((file) => file.path),
      [path],
    );
    deepEqual(done(edited, EXPORT, { force: true }), done({}, ENABLE));
    deepEqual(done(edited, REMOVE, { force: true }), {});
    deepEqual(
      planned(edited, DISABLE).changes.map((change) => change.path),
      [GROUP],
      "disabling always works",
    );
  });

  it("takes an older export of its own for no edit", () => {
    const old = plan(render("before"), FLUX, treeOf({}), ENABLE).changes;
    const checkout = Object.fromEntries(old.map(({ path, after }) => [path, after ?? ""]));
    const { changes, edited } = planned(checkout, EXPORT);
    deepEqual(edited, []);
    ok(changes.length > 0);
    deepEqual(done(checkout, EXPORT), done({}, ENABLE));
    deepEqual(done(checkout, REMOVE), {});
  });

  it("keeps files that are not its own, and says so", () => {
    const path = `${ENTRY}/notes.yaml`;
    const checkout = { ...done({}, EXPORT), [path]: "mine: true\n" };
    match(planned(checkout, EXPORT).notes.join(), /notes\.yaml/);
    equal(done(checkout, REMOVE)[path], "mine: true\n");
    equal(done(checkout, REMOVE, { force: true })[path], "mine: true\n");
  });

  it("keeps a list of its own that others use", () => {
    const checkout = { ...done({}, ENABLE) };
    checkout[GROUP] = (checkout[GROUP] ?? "").replace(/$/, "").replace("resources:\n", "resources:\n  - other\n");
    const removed = done(checkout, REMOVE);
    match(removed[GROUP] ?? "", /- other/);
    match(removed[CLUSTER] ?? "", /- testing/);
  });

  it("makes no list for a directory that Flux lists by itself: the rest would be pruned", () => {
    const bootstrapped = { "clusters/homelab/flux-system/gotk-sync.yaml": "kind: X\n" };
    const { changes, notes } = planned(bootstrapped, EXPORT);
    ok(!changes.some(({ path }) => path === CLUSTER));
    match(notes.join(), /Flux finds testing there by itself/);
    deepEqual(done(done(bootstrapped, ENABLE), REMOVE), bootstrapped);
    const unlisted = { "clusters/homelab/testing/other.yaml": "kind: X\n" };
    throws(() => planned(unlisted, EXPORT), /other\.yaml but no kustomization\.yaml/);
  });

  it("does not bring a list to the cluster that a person keeps out of it", () => {
    const kept = { [CLUSTER]: "resources:\n  - apps\n  # - testing\n", [GROUP]: "resources:\n  - dangerous\n" };
    const { changes, notes } = planned(kept, ENABLE);
    ok(!changes.some(({ path }) => path === CLUSTER));
    match(notes.join(), /add `- testing` there yourself/);
  });

  it("uses the file name that is there", () => {
    const checkout = { "clusters/homelab/kustomization.yml": "resources:\n- apps\n" };
    const made = done(checkout, EXPORT);
    ok(!(CLUSTER in made));
    deepEqual(done(made, REMOVE), checkout);
    throws(() => planned({ ...checkout, [CLUSTER]: "resources: []\n" }, EXPORT), /takes only one/);
  });
});
