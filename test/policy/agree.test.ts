import assert from "node:assert/strict";
import fc from "fast-check";
import { stringify } from "yaml";
import { readYaml } from "../../cli/check/yaml.ts";
import { allowedBy, assertIsolated, IsolationError, violationsOf } from "../../core/rules/index.ts";
import { DEFAULTS } from "../../policy/defaults.ts";
import { probeScripts } from "../../probe/scripts.ts";
import { packSays } from "./pack.ts";

const ALLOWED = { ...allowedBy(DEFAULTS), scripts: probeScripts() };

/** Values near what is allowed, and near what is not. */
const text = fc.constantFrom(
  "",
  "k3s-w2",
  "k3s-w1",
  "fuse-test",
  "/tmp/fuse-test-bridge",
  "/tmp/fuse-test-bridge/",
  "/etc",
);
const flag = fc.constantFrom(true, false, null, undefined, "yes", "true", 0);
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const list = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof(fc.array(value, { maxLength: 3 }), fc.constantFrom(null, undefined));

const securityContext = fc.record({
  privileged: flag,
  allowPrivilegeEscalation: flag,
  capabilities: some(fc.record({ add: list(fc.constantFrom("ALL", "NET_ADMIN")), drop: list(fc.constant("ALL")) })),
  seccompProfile: some(fc.record({ type: fc.constantFrom("RuntimeDefault", "Unconfined", "Localhost") })),
  procMount: fc.constantFrom("Default", "Unmasked", undefined),
});
const container = fc.record({
  name: fc.constantFrom("fuse-producer", "fuse-consumer", "other"),
  image: fc.constantFrom("a/b:1", "a/b", "a/b:latest", undefined),
  command: fc.constantFrom(["sh", "/probe/producer.sh"], ["sh", "-c", "id"], undefined),
  ports: list(fc.record({ containerPort: fc.nat(9), hostPort: fc.constantFrom(0, 80, undefined, "80") })),
  resources: some(fc.record({ limits: some(fc.record({ cpu: fc.constantFrom("1", 1, "0"), memory: text })) })),
  securityContext: some(securityContext),
  volumeMounts: list(
    fc.record({
      name: fc.constantFrom("bridge", "probe", "nothing"),
      mountPath: fc.constantFrom("/bridge", "/probe", "/host"),
      mountPropagation: fc.constantFrom("Bidirectional", "HostToContainer", "None", "both", undefined),
    }),
  ),
});
const requirement = fc.record({
  key: fc.constantFrom("kubernetes.io/hostname", "metadata.name", "disk"),
  operator: fc.constantFrom("In", "NotIn", "Exists"),
  values: list(text),
});
const spec = fc.record({
  nodeName: some(text),
  hostNetwork: flag,
  hostPID: flag,
  automountServiceAccountToken: flag,
  activeDeadlineSeconds: fc.constantFrom(600, 0, "600", undefined),
  tolerations: list(fc.record({ key: some(text), operator: fc.constantFrom("Exists", "Equal") })),
  affinity: some(
    fc.record({
      nodeAffinity: fc.record({
        requiredDuringSchedulingIgnoredDuringExecution: some(
          fc.record({
            nodeSelectorTerms: list(fc.record({ matchFields: list(requirement), matchExpressions: list(requirement) })),
          }),
        ),
      }),
    }),
  ),
  initContainers: list(container),
  containers: list(container),
  ephemeralContainers: list(container),
  volumes: list(
    fc.oneof(
      fc.record({ name: fc.constantFrom("bridge", "x"), hostPath: some(fc.record({ path: text })) }),
      fc.record({ name: fc.constant("probe"), configMap: fc.record({ name: fc.constantFrom("fuse-probe", "evil") }) }),
      fc.record({ name: fc.constant("c"), csi: fc.record({ driver: text }) }),
    ),
  ),
});
/** The reader of files refuses the key of YAML's merges, which two tools read differently: there is nothing to agree on. */
const key = fc.string().filter((name) => name !== "<<");
const metadata = fc.record({
  name: fc.constantFrom("fuse-producer", "fuse-consumer", "fuse-producer-k3s-w2", "x"),
  namespace: some(fc.constantFrom("fuse-test", "default")),
  annotations: some(fc.dictionary(key, fc.string())),
});
const object = fc.oneof(
  fc.record({ apiVersion: fc.constantFrom("v1", "x/v1"), kind: fc.constant("Pod"), metadata, spec }),
  fc.record({
    apiVersion: fc.constantFrom("apps/v1", "extensions/v1beta1"),
    kind: fc.constantFrom("Deployment", "DaemonSet", "Rollout"),
    metadata,
    spec: fc.record({ template: fc.record({ metadata, spec }) }),
  }),
  fc.record({ apiVersion: fc.constant("v1"), kind: fc.constant("ConfigMap"), metadata, data: fc.object({ key }) }),
);

/** As JSON says it: what is undefined is not there. */
const asJson = (value: object): Record<string, unknown> => JSON.parse(JSON.stringify(value)) as Record<string, unknown>;

describe("pack, check and component", () => {
  it("agree on any object, word for word", () => {
    fc.assert(
      fc.property(object, (made) => {
        const one = asJson(made);
        const module = String(one.apiVersion) === "v1" ? "core/v1" : String(one.apiVersion);
        const type = `kubernetes:${module}:${String(one.kind)}`;
        const expected = violationsOf(one, ALLOWED).map(({ rule, message }) => `${rule} ${message}`);
        const text = stringify(one, { version: "1.1", aliasDuplicateObjects: false });
        const check = violationsOf(readYaml(text)[0], ALLOWED).map(({ rule, message }) => `${rule} ${message}`);
        assert.deepEqual(check, expected);
        assert.deepEqual(packSays({ type, props: one }), expected);
        assert.deepEqual(componentSays(one), expected);
      }),
      { numRuns: 150 },
    );
  });

  it("never fail, whatever they are given", () => {
    fc.assert(
      fc.property(fc.anything(), (made) => {
        assert.ok(Array.isArray(violationsOf(made, ALLOWED)));
        assert.ok(Array.isArray(violationsOf({ apiVersion: "v1", kind: "Pod", spec: made }, ALLOWED)));
        assert.ok(
          violationsOf({ apiVersion: "v1", kind: "Pod", metadata: made, spec: { containers: made } }, ALLOWED).length >
            0,
        );
      }),
    );
  });
});

function componentSays(one: object): string[] {
  try {
    assertIsolated([one], ALLOWED);
    return [];
  } catch (error) {
    assert.ok(error instanceof IsolationError);
    return error.violations.map(({ rule, message }) => `${rule} ${message}`);
  }
}
