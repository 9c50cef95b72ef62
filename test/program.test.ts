import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import program from "../index.ts";
import { api } from "./cluster/api.ts";

const KUBECONFIG = {
  apiVersion: "v1",
  kind: "Config",
  clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:40999" } }],
  users: [{ name: "me", user: {} }],
  contexts: [{ name: "dead", context: { cluster: "c", user: "me" } }],
  "current-context": "dead",
};

describe("the Pulumi program", () => {
  let folder: string;
  const registered: string[] = [];
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "program-"));
    writeFileSync(join(folder, "kubeconfig"), JSON.stringify(KUBECONFIG));
  });
  after(() => {
    rmSync(folder, { recursive: true });
    pulumi.runtime.setAllConfig({});
  });

  /** Runs it with this configuration; the settings are what a fresh stack has but for it. */
  const run = async (config: Readonly<Record<string, string>>, preview: boolean): Promise<unknown> => {
    registered.length = 0;
    await pulumi.runtime.setMocks(
      {
        newResource: ({ name, inputs }) => {
          registered.push(name);
          return { id: `${name}-id`, state: inputs };
        },
        call: ({ inputs }) => inputs,
      },
      "fuse-propagation-test",
      "dev",
      preview,
    );
    const own = Object.entries({ nodes: "[]", ...config }).map(([key, value]) => [
      `fuse-propagation-test:${key}`,
      value,
    ]);
    pulumi.runtime.setAllConfig(Object.fromEntries(own));
    return program();
  };

  /** The one error of such a run. */
  const refused = async (config: Readonly<Record<string, string>>, preview = false): Promise<string> => {
    const error: unknown = await run(config, preview).then(
      () => assert.fail("it is not refused"),
      (thrown: unknown) => thrown,
    );
    assert.ok(pulumi.RunError.isInstance(error), `shown with a stack trace: ${String(error)}`);
    assert.deepEqual(registered, [], "nothing was made");
    return error.message;
  };

  it("of a stack without nodes ends with the key, its value and the command that sets it", async () => {
    assert.equal(
      await refused({}),
      "a setting is refused:\n  nodes = []: name at least one node, as `kubectl get nodes` shows it\n" +
        "  remedy: pulumi config set --path 'nodes[0]' VALUE",
    );
  });

  it("of a setting that is refused ends with the same", async () => {
    const error = await refused({ nodes: '["a"]', bridge: "/etc" }, true);
    assert.match(error, /bridge = "\/etc": choose a directory outside \/etc/);
    assert.match(error, /remedy: pulumi config set --path 'bridge' VALUE$/);
  });

  for (const preview of [false, true])
    it(`of a context that is not there ends with it and those that are${preview ? ", in a preview too" : ""}`, async () => {
      const kubeconfig = join(folder, "kubeconfig");
      const error = await refused({ nodes: '["a"]', kubeconfig, context: "nope" }, preview);
      assert.match(error, /^context = "nope": the kubeconfig .* has no such context\n {2}remedy: use one of: dead /);
      assert.match(error, /pulumi config set context NAME/);
    });

  it("of a cluster that does not answer is previewed all the same: the policies need none", async () => {
    await run({ nodes: '["a"]', kubeconfig: join(folder, "kubeconfig") }, true);
    await sleep(0);
    assert.ok(registered.includes("dev-namespace"), registered.join());
  });

  it("of a user who may not create a namespace ends with that in a preview too, before a plugin says it", async () => {
    const review = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    const server = await api({ "GET /version": { gitVersion: "v1.34.4" }, [review]: { status: { allowed: false } } });
    try {
      const kubeconfig = join(folder, "limited");
      const cluster = { server: server.config.getCurrentCluster()?.server, "insecure-skip-tls-verify": true };
      writeFileSync(kubeconfig, JSON.stringify({ ...KUBECONFIG, clusters: [{ name: "c", cluster }] }));
      for (const preview of [false, true])
        assert.match(await refused({ nodes: '["a"]', kubeconfig }, preview), /its user may not create namespaces/);
    } finally {
      server.close();
    }
  });

  it("of a cluster that does not answer ends with it before anything is made", async () => {
    const error = await refused({ nodes: '["a"]', kubeconfig: join(folder, "kubeconfig") });
    assert.match(error, /^context = "dead": its cluster at https:\/\/127\.0\.0\.1:40999 does not answer: /);
  });
});
