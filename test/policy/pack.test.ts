import assert from "node:assert/strict";
import { join } from "node:path";
import type { PolicyResource } from "@pulumi/policy";
import { admission } from "../../core/admission/index.ts";
import { bundle } from "../../core/manifests/index.ts";
import { allowedBy, RULES } from "../../core/rules/index.ts";
import { parseSettings } from "../../core/settings/settings.ts";
import { policyOf } from "../../policy/policies.ts";
import { probeScripts } from "../../probe/scripts.ts";
import { argsOf, type Planted, packConfig, packSays, rulesSaid, UNKNOWN_TEXT } from "./pack.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const settings = parseSettings({ nodes: ["k3s-w2"] });
const objects = bundle(settings, probeScripts());
const pods = objects.pods.flatMap(({ producer, consumer }) => [producer, consumer]);
const asPod = (props: object): Planted => ({
  type: "kubernetes:core/v1:Pod",
  provider: {},
  props: structuredClone(props) as Record<string, unknown>,
});
const command = (props: Record<string, unknown>): Planted => ({
  type: "command:local:Command",
  provider: {},
  props: {
    create: "exec sh cli/node.sh cli/main.ts collect --stdin --run a-1",
    stdin: JSON.stringify(settings),
    dir: ROOT,
    ...props,
  },
});

describe("policy pack", () => {
  it("is mandatory in every policy, with severity, remedy and its own configuration", () => {
    for (const policy of RULES.map(policyOf)) {
      assert.equal(policy.enforcementLevel, "mandatory", policy.name);
      assert.ok(policy.severity && policy.remediationSteps && policy.description, policy.name);
      assert.deepEqual(Object.keys(policy.configSchema?.properties ?? {}), [
        "nodes",
        "namespace",
        "bridge",
        "command",
        "scope",
      ]);
    }
  });

  it("lets through what the component makes", () => {
    const made: Planted[] = [
      { type: "pulumi:pulumi:Stack", props: {} },
      { type: "pulumi:providers:kubernetes", props: { kubeconfig: UNKNOWN_TEXT } },
      { type: "fuse-propagation-test:index:FusePropagationTest", props: {} },
      { ...asPod(objects.namespace), type: "kubernetes:core/v1:Namespace" },
      { ...asPod(objects.probe), type: "kubernetes:core/v1:ConfigMap" },
      ...pods.map(asPod),
      command({}),
      command({
        create: "exec sh cli/node.sh cli/main.ts export --stdin --json",
        delete: "exec sh cli/node.sh cli/main.ts export --stdin --json --remove",
      }),
      ...admission({ ...allowedBy(settings), scripts: probeScripts(), sweep: true }).map((policy) => ({
        ...asPod(policy),
        type: `kubernetes:${policy.apiVersion}:${policy.kind}`,
      })),
      command({
        create: undefined,
        delete: "exec sh cli/node.sh cli/main.ts sweep --stdin --nodes-only",
        logging: "stderr",
      }),
    ];
    for (const one of made) assert.deepEqual(packSays(one), [], one.type);
  });

  it("catches a typo in the stack: its own configuration does not follow", () => {
    const elsewhere = bundle(parseSettings({ nodes: ["k3s-w1"], namespace: "other", bridge: "/tmp/other" }), {});
    const said = packSays(asPod(elsewhere.pods[0]?.consumer ?? {}));
    assert.deepEqual(rulesSaid(said).sort(), ["bridge-hostpath-only", "pinned-to-test-node", "test-namespace-only"]);
  });

  it("allows a daemon of the user's own only where its configuration has the same command", () => {
    const command = 'exec my-daemon --pid $$ --at "$MOUNT"';
    const own = bundle(parseSettings({ nodes: ["k3s-w2"], driver: "command", command }), probeScripts());
    const [pair] = own.pods;
    assert.ok(pair);
    assert.deepEqual(
      new Set(rulesSaid(packSays(asPod(pair.producer)))),
      new Set(["privileged-producer-only", "mount-propagation"]),
    );
    for (const id of ["privileged-producer-only", "mount-propagation"] as const) {
      assert.deepEqual(packSays(asPod(pair.producer), packConfig({ command })[id]), [], id);
      assert.notDeepEqual(packSays(asPod(pair.producer), packConfig({ command: `${command} ` })[id]), [], id);
    }
  });

  it("allows what its configuration names, through a file that tells every policy the same", () => {
    const given = { nodes: ["k3s-w1", "k3s-w2"] };
    assert.deepEqual(
      Object.keys(packConfig(given)),
      RULES.map(({ id }) => id),
    );
    const both = bundle(parseSettings(given), probeScripts());
    for (const { producer, consumer } of both.pods)
      for (const pod of [producer, consumer])
        assert.deepEqual(packSays(asPod(pod), packConfig(given)["pinned-images"]), []);
  });

  it("reports an unknown value as a violation, and everything else beside it", () => {
    const pod = structuredClone(pods[1]) as unknown as { spec: Record<string, unknown> };
    Object.assign(pod.spec, { nodeName: UNKNOWN_TEXT, hostNetwork: true });
    const said = packSays(asPod(pod));
    assert.ok(said.some((words) => /^pinned-to-test-node .*spec\.nodeName is unknown until deployment/.test(words)));
    assert.ok(said.some((words) => words.startsWith("no-host-namespaces")));
  });

  it("never shows a value that may be a secret", () => {
    const secret = "hunter2-of-the-stack";
    const planted: Planted[] = [
      {
        type: "kubernetes:core/v1:Secret",
        provider: {},
        props: { metadata: { name: "x" }, stringData: { a: secret } },
      },
      {
        type: "kubernetes:core/v1:ConfigMap",
        provider: {},
        props: { ...objects.probe, data: { "producer.sh": secret } },
      },
      command({ create: `echo ${secret}`, stdin: secret, environment: { TOKEN: secret }, dir: `/${secret}` }),
      { type: "command:remote:Command", provider: {}, props: { connection: { password: secret }, create: secret } },
      { type: "kubernetes:helm.sh/v3:Release", provider: {}, props: { values: { password: secret } } },
      { type: "x:index:Thing", provider: {}, props: { password: secret } },
      asPod({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "fuse-producer", namespace: "fuse-test" },
        spec: {
          volumes: [{ name: "x", csi: { driver: "d", volumeAttributes: { password: secret } } }],
          containers: [
            {
              name: "fuse-producer",
              command: ["sh", "-c", secret],
              args: [secret],
              env: [{ name: "A", value: secret }],
              livenessProbe: { exec: { command: [secret] } },
              securityContext: { privileged: { a: secret }, capabilities: { add: [{ a: secret }] } },
            },
          ],
        },
      }),
    ];
    for (const one of planted) {
      const said = packSays(one);
      assert.ok(said.length > 0, one.type);
      for (const message of said) assert.ok(!message.includes(secret), message);
    }
  });

  describe("knows the component's commands from others", () => {
    const FOREIGN: Readonly<Record<string, Record<string, unknown>>> = {
      "another program": { create: "curl https://example.com | sh" },
      "a second command behind it": { create: "exec sh cli/node.sh cli/main.ts sweep --stdin; id" },
      "a substitution": { create: "exec sh cli/node.sh cli/main.ts collect --stdin --run $(id)" },
      "an option that names another node": { create: "exec sh cli/node.sh cli/main.ts sweep --stdin --node k3s-w1" },
      "another cluster": { create: "exec sh cli/node.sh cli/main.ts sweep --stdin --context prod" },
      "settings of a stack": { create: "exec sh cli/node.sh cli/main.ts sweep --stack prod" },
      "another update": { update: "id" },
      "another directory": { dir: "/tmp/evil" },
      "an interpreter": { interpreter: ["/tmp/evil"] },
      "an environment": { environment: { PATH: "/tmp/evil" } },
      "settings of another node": { stdin: JSON.stringify({ ...settings, nodes: ["k3s-w1"] }) },
      "settings of another bridge": { stdin: JSON.stringify({ ...settings, bridge: "/var/lib/longhorn" }) },
      "settings of another namespace": { stdin: JSON.stringify({ ...settings, namespace: "kube-system" }) },
      "settings that are none": { stdin: "[]" },
      "unknown settings": { stdin: UNKNOWN_TEXT },
      "an unknown command": { create: UNKNOWN_TEXT },
    };
    for (const [what, props] of Object.entries(FOREIGN))
      it(`refuses ${what}`, () => assert.deepEqual(rulesSaid(packSays(command(props))), ["no-opaque-sources"]));
  });

  describe("refuses what hides", () => {
    const HIDING: Readonly<Record<string, Planted>> = {
      "a Helm release": { type: "kubernetes:helm.sh/v3:Release", provider: {}, props: { chart: "x" } },
      "a Helm chart": { type: "kubernetes:helm.sh/v4:Chart", props: {} },
      "a file of manifests": { type: "kubernetes:yaml/v2:ConfigFile", props: { file: "https://example.com/x.yaml" } },
      "a kustomization": { type: "kubernetes:kustomize/v2:Directory", props: {} },
      "a remote command": { type: "command:remote:Command", provider: {}, props: {} },
      "a dynamic resource": { type: "pulumi-nodejs:dynamic:Resource", provider: {}, props: {} },
      "a ConfigMap that is a Pod": { ...asPod(pods[1] ?? {}), type: "kubernetes:core/v1:ConfigMap" },
      "a Pod of another group": { ...asPod({ ...pods[1], apiVersion: "apps/v1" }) },
    };
    for (const [what, planted] of Object.entries(HIDING))
      it(what, () =>
        assert.ok(rulesSaid(packSays(planted)).includes("no-opaque-sources"), packSays(planted).join("\n")),
      );
  });

  it("refuses a component without children, and no other, when the stack is complete", () => {
    const say = (children: number) => {
      const component = resource({ type: "my:index:Component", props: {} });
      const child = { ...resource({ type: "kubernetes:core/v1:Pod", provider: {}, props: {} }), parent: component };
      const resources = [component, ...Array.from({ length: children }, () => child)];
      return RULES.flatMap((rule) => {
        const said: string[] = [];
        const args = { resources, stackTags: new Map(), getConfig: <T extends object>() => ({}) as T };
        void policyOf(rule).validateStack({ ...args, notApplicable: () => assert.fail() }, (message) =>
          said.push(`${rule.id} ${message}`),
        );
        return said;
      });
    };
    assert.deepEqual(rulesSaid(say(0)), ["no-opaque-sources"]);
    assert.deepEqual(say(1), []);
  });

  it("refuses what destroy would leave", () => {
    assert.deepEqual(rulesSaid(packSays({ ...asPod(pods[1] ?? {}), protect: true })), ["bounded-lifetime"]);
  });

  describe("with scope namespace", () => {
    const scope = { scope: "namespace" } as const;
    const other = { apiVersion: "v1", kind: "Service", metadata: { name: "x", namespace: "web" }, spec: {} };
    const service = (props: object, provider = {}): Planted => ({
      ...asPod(props),
      provider,
      type: "kubernetes:core/v1:Service",
    });

    it("leaves what does not touch the test alone", () => {
      assert.deepEqual(packSays(service(other), scope), []);
      assert.deepEqual(packSays({ type: "aws:s3:Bucket", provider: {}, props: {} }, scope), []);
      assert.notDeepEqual(packSays(service(other)), []);
    });

    it("judges what lies in the test's namespace, or may", () => {
      const metadata = (namespace?: string) => ({ ...other, metadata: { name: "x", namespace } });
      assert.notDeepEqual(packSays(service(metadata("fuse-test")), scope), []);
      assert.notDeepEqual(packSays(service(metadata(UNKNOWN_TEXT)), scope), []);
      assert.notDeepEqual(packSays(service(metadata(), { namespace: "fuse-test" }), scope), []);
      assert.notDeepEqual(packSays(service({ ...other, metadata: UNKNOWN_TEXT }), scope), []);
    });

    it("judges what mounts the bridge from another namespace", () => {
      const pod = structuredClone(pods[1]) as unknown as { metadata: { namespace: string } };
      pod.metadata.namespace = "web";
      assert.deepEqual(rulesSaid(packSays(asPod(pod), scope)), ["test-namespace-only"]);
    });

    it("judges the component's own commands", () => {
      const foreign = { ...command({ create: "id" }), parent: "fuse-propagation-test:index:FusePropagationTest" };
      assert.deepEqual(rulesSaid(packSays(foreign, scope)), ["no-opaque-sources"]);
      assert.deepEqual(packSays(command({ create: "id" }), scope), []);
    });
  });
});

function resource(planted: Planted): PolicyResource {
  const { isType: _, asType: __, ...args } = argsOf(planted, {});
  return { ...args, dependencies: [], propertyDependencies: {}, isType: () => false, asType: () => undefined };
}
