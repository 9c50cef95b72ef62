import assert from "node:assert/strict";
import { diffObjects, withDrift } from "../../stand-ins/kubernetes/diff.ts";
import { changesBetween, pathText } from "../../stand-ins/protocol/paths.ts";
import type { Bag } from "../../stand-ins/protocol/values.ts";

const DEFAULTS = { configMapMutable: false, secretMutable: false };
const pod = (spec: Bag, metadata: Bag = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", namespace: "n", ...metadata },
  spec: { containers: [{ name: "c", image: "busybox:1" }], ...spec },
});
const configMap = (more: Bag) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "c", namespace: "n" },
  ...more,
});
const toleration = (key: string) => ({ key, operator: "Exists" });

interface Case {
  readonly title: string;
  readonly before: Bag;
  readonly after: Bag;
  readonly settings?: Partial<typeof DEFAULTS>;
  /** Changed paths; those that end in "!" replace the object. */
  readonly changes: readonly string[];
  readonly deleteFirst?: boolean;
}

const CASES: readonly Case[] = [
  { title: "equal inputs", before: pod({}), after: pod({}), changes: [] },
  { title: "null is the same as absent", before: pod({ hostPID: null }), after: pod({}), changes: [] },
  {
    title: "a label, in place",
    before: pod({}),
    after: pod({}, { labels: { "app.kubernetes.io/name": "x" } }),
    changes: ["metadata.labels"],
  },
  {
    title: "another label value, its path quoted",
    before: pod({}, { labels: { "app.kubernetes.io/name": "x" } }),
    after: pod({}, { labels: { "app.kubernetes.io/name": "y" } }),
    changes: ['metadata.labels["app.kubernetes.io/name"]'],
  },
  {
    title: "a Pod's image, replaced as the official plugin does",
    before: pod({}),
    after: pod({ containers: [{ name: "c", image: "busybox:2" }] }),
    changes: ["spec.containers[0].image!"],
    deleteFirst: true,
  },
  {
    title: "a Pod's deadline, in place",
    before: pod({ activeDeadlineSeconds: 10 }),
    after: pod({ activeDeadlineSeconds: 5 }),
    changes: ["spec.activeDeadlineSeconds"],
  },
  {
    title: "one toleration more, in place",
    before: pod({ tolerations: [toleration("a")] }),
    after: pod({ tolerations: [toleration("a"), toleration("b")] }),
    changes: ["spec.tolerations[1]"],
  },
  {
    title: "the first tolerations, in place",
    before: pod({}),
    after: pod({ tolerations: [toleration("a")] }),
    changes: ["spec.tolerations"],
  },
  {
    title: "one toleration less: in place, which the API server refuses",
    before: pod({ tolerations: [toleration("a"), toleration("b")] }),
    after: pod({ tolerations: [toleration("a")] }),
    changes: ["spec.tolerations[1]"],
  },
  {
    title: "a probe of a kind that the official plugin does not list: in place, which the API server refuses",
    before: pod({}),
    after: pod({ containers: [{ name: "c", image: "busybox:1", startupProbe: { periodSeconds: 1 } }] }),
    changes: ["spec.containers[0].startupProbe"],
  },
  {
    title: "a container more",
    before: pod({}),
    after: pod({
      containers: [
        { name: "c", image: "busybox:1" },
        { name: "d", image: "busybox:1" },
      ],
    }),
    changes: ["spec.containers[1]!"],
    deleteFirst: true,
  },
  {
    title: "a container less: in place, which the API server refuses",
    before: pod({
      containers: [
        { name: "c", image: "busybox:1" },
        { name: "d", image: "busybox:1" },
      ],
    }),
    after: pod({}),
    changes: ["spec.containers[1]"],
  },
  {
    title: "the first init containers",
    before: pod({}),
    after: pod({ initContainers: [{ name: "i", image: "busybox:1" }] }),
    changes: ["spec.initContainers!"],
    deleteFirst: true,
  },
  {
    title: "another name: the new object can come first",
    before: pod({}),
    after: pod({}, { name: "q" }),
    changes: ["metadata.name!"],
  },
  { title: "another namespace", before: pod({}), after: pod({}, { namespace: "m" }), changes: ["metadata.namespace!"] },
  {
    title: "another apiVersion, in place",
    before: { apiVersion: "a/v1", kind: "K", metadata: { name: "x" } },
    after: { apiVersion: "a/v2", kind: "K", metadata: { name: "x" } },
    changes: ["apiVersion"],
  },
  {
    title: "metadata gone as a whole",
    before: pod({}),
    after: { apiVersion: "v1", kind: "Pod", spec: { containers: [{ name: "c", image: "busybox:1" }] } },
    changes: ["metadata!"],
  },
  {
    title: "an autonamed object: the new one comes first",
    before: pod({ hostPID: true }, { annotations: { "pulumi.com/autonamed": "true" } }),
    after: pod({ hostPID: false }, { annotations: { "pulumi.com/autonamed": "true" } }),
    changes: ["spec.hostPID!"],
  },
  {
    title: "ConfigMap data, replaced by default",
    before: configMap({ data: { a: "1" } }),
    after: configMap({ data: { a: "2" } }),
    changes: ["data.a!"],
    deleteFirst: true,
  },
  {
    title: "ConfigMap data, in place when the provider says so",
    before: configMap({ data: { a: "1" } }),
    after: configMap({ data: { a: "2" } }),
    settings: { configMapMutable: true },
    changes: ["data.a"],
  },
  {
    title: "data of an immutable ConfigMap, replaced whatever the provider says",
    before: configMap({ immutable: true, data: { a: "1" } }),
    after: configMap({ immutable: true, data: { a: "2" } }),
    settings: { configMapMutable: true },
    changes: ["data.a!"],
    deleteFirst: true,
  },
  {
    title: "a ConfigMap that is immutable no longer: in place, which the API server refuses",
    before: configMap({ immutable: true, data: { a: "1" } }),
    after: configMap({ data: { a: "1" } }),
    settings: { configMapMutable: true },
    changes: ["immutable"],
  },
  {
    title: "a Job's template",
    before: {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "j" },
      spec: { backoffLimit: 1, template: { a: 1 } },
    },
    after: {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "j" },
      spec: { backoffLimit: 2, template: { a: 2 } },
    },
    changes: ["spec.backoffLimit", "spec.template.a!"],
    deleteFirst: true,
  },
];

describe("kubernetes plugin: diff", () => {
  for (const { title, before, after, settings, changes, deleteFirst = false } of CASES) {
    it(title, () => {
      const answer = diffObjects(before, after, { ...DEFAULTS, ...settings });
      assert.deepEqual(
        answer.changes.map(({ path, replace }) => pathText(path) + (replace ? "!" : "")),
        changes,
      );
      assert.equal(answer.deleteBeforeReplace, deleteFirst);
    });
  }

  it("tells added, deleted and changed apart", () => {
    const changes = changesBetween({ gone: 1, other: 1, list: [1] }, { other: 2, list: [1, 2] });
    assert.deepEqual(
      changes.map(({ path, kind }) => `${kind} ${pathText(path)}`),
      ["delete gone", "update other", "add list[1]"],
    );
  });
});

describe("kubernetes plugin: drift found by a refresh", () => {
  const inputs = { data: { a: "1" }, spec: { cpu: "1000m" } };
  const lastSeen = { data: { a: "1" }, spec: { cpu: "1", added: "default" }, status: { n: 1 } };

  it("keeps the inputs when only the status moved", () => {
    assert.deepEqual(withDrift(inputs, lastSeen, { ...lastSeen, status: { n: 2 } }), inputs);
  });

  it("takes over what somebody else changed, and nothing the server merely spells differently", () => {
    const live = { ...lastSeen, data: { a: "edited" } };
    assert.deepEqual(withDrift(inputs, lastSeen, live), { data: { a: "edited" }, spec: { cpu: "1000m" } });
  });

  it("drops what somebody else removed", () => {
    assert.deepEqual(withDrift(inputs, lastSeen, { ...lastSeen, data: undefined }), { spec: { cpu: "1000m" } });
  });
});
