import { deepEqual, equal, ok } from "node:assert/strict";
import { JOBS, type PolicyRule, rights } from "../../../core/rights/rights.ts";
import { parseSettings } from "../../../core/settings/settings.ts";

const settings = parseSettings({ nodes: ["w2", "w3"], namespace: "fuse-test" });
const rulesOf = (job: (typeof JOBS)[number], of = settings): readonly PolicyRule[] =>
  rights(of, job, { kind: "User", name: "jane" }).flatMap(({ rules = [] }) => rules);

const reading = { ...settings, scenarios: ["!producer-replaced"] };

describe("the rights that are printed", () => {
  for (const job of JOBS)
    it(`${job}: name every resource and verb, and no secret`, () => {
      for (const rule of rulesOf(job)) {
        ok(![...rule.apiGroups, ...rule.resources, ...rule.verbs].includes("*"), JSON.stringify(rule));
        ok(!rule.resources.some((resource) => /secret|exec|role|token/.test(resource)), JSON.stringify(rule));
      }
    });

  it("reach only the nodes and the namespace of the settings", () => {
    const named = rulesOf("start").filter(({ resources }) => /^(nodes|namespaces)$/.test(resources[0] ?? ""));
    deepEqual(
      named.map(({ resources, resourceNames, verbs }) => [resources[0], resourceNames, verbs.length]),
      [
        ["namespaces", undefined, 3],
        ["namespaces", ["fuse-test"], 3],
        ["nodes", ["w2", "w3"], 1],
      ],
    );
  });

  it("let whoever only collects change nothing, where no pod is to be replaced", () => {
    const verbs = new Set(rulesOf("collect", reading).flatMap((rule) => rule.verbs));
    deepEqual([...verbs].sort(), ["get", "list", "watch"]);
  });

  it("let whoever collects replace the producers' pods, where that is asked, and delete no other", () => {
    const more = rulesOf("collect").filter(({ verbs }) => verbs.some((verb) => /create|delete/.test(verb)));
    deepEqual(more, [
      { apiGroups: [""], resources: ["pods"], verbs: ["create"] },
      {
        apiGroups: [""],
        resources: ["pods"],
        resourceNames: ["fuse-producer-w2", "fuse-producer-w3"],
        verbs: ["get", "delete"],
      },
    ]);
  });

  it("let in pods, and deployments be made, only where the recipe is on trial", () => {
    const asks = (of: typeof settings) =>
      JOBS.map((job) =>
        rulesOf(job, of).filter(({ resources }) => /deployments|exec|networkpolicies/.test(`${resources}`)),
      );
    deepEqual(asks(settings), [[], []]);
    for (const rules of asks({ ...settings, scenarios: ["recipe"] }))
      deepEqual(
        rules.map(({ resources, resourceNames, verbs }) => [resources[0], resourceNames, verbs]),
        [
          ["deployments", undefined, ["create"]],
          ["deployments", ["fuse-recipe", "fuse-recipe-reader"], ["patch", "delete"]],
          ["networkpolicies", undefined, ["create"]],
          ["networkpolicies", ["fuse-recipe"], ["delete"]],
          ["pods/exec", undefined, ["get", "create"]],
        ],
      );
  });

  it("let whoever collects replace a pod with a sidecar, and free it", () => {
    const [, named] = rulesOf("collect", { ...reading, scenarios: ["same-pod"] }).filter(({ verbs }) =>
      verbs.some((verb) => /create|delete/.test(verb)),
    );
    deepEqual(named?.resourceNames, [
      "fuse-same-pod-w2",
      "fuse-same-pod-w3",
      "fuse-sweep-unmount-w2",
      "fuse-sweep-unmount-w3",
    ]);
  });

  it("make admission policies only where the settings ask for them", () => {
    const policies = (admission: boolean) =>
      rulesOf("start", { ...settings, admission }).find(({ apiGroups }) => apiGroups[0] !== "")?.verbs;
    deepEqual(policies(false), ["list"]);
    ok(policies(true)?.includes("create"));
  });

  it("bind each role to the one who is named", () => {
    const bindings = rights(settings, "collect", { kind: "ServiceAccount", namespace: "ci", name: "bot" }).filter(
      ({ roleRef }) => roleRef,
    );
    equal(bindings.length, 2);
    for (const { subjects } of bindings)
      deepEqual(subjects, [{ kind: "ServiceAccount", namespace: "ci", name: "bot", apiGroup: "" }]);
  });
});
