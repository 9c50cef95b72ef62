import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { requireReach } from "../../cluster/reach.ts";
import { parseSettings, type Settings } from "../../core/settings/settings.ts";
import { type Api, api } from "./api.ts";

const REVIEW = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
const VERSION = { "GET /version": { gitVersion: "v1.34.4" } };

describe("what is asked of a cluster before anything is made", () => {
  let folder: string;
  let server: Api | undefined;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "reach-"));
  });
  after(() => rmSync(folder, { recursive: true }));
  afterEach(() => {
    server?.close();
    server = undefined;
  });

  /** Settings that name a kubeconfig with one context, `mine`, of this server. */
  const settings = (config: KubeConfig | string, context = "mine"): Settings => {
    const url = typeof config === "string" ? config : config.getCurrentCluster()?.server;
    const kubeconfig = join(folder, "kubeconfig");
    const document = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { server: url, "insecure-skip-tls-verify": true } }],
      users: [{ name: "me", user: {} }],
      contexts: [{ name: "mine", context: { cluster: "c", user: "me" } }],
      "current-context": "mine",
    };
    writeFileSync(kubeconfig, JSON.stringify(document));
    return parseSettings({ nodes: ["a"], kubeconfig, context });
  };

  it("a context that the kubeconfig has not: key, value, and those it has", async () => {
    const given = settings("https://127.0.0.1:1", "nope");
    await assert.rejects(requireReach(given), {
      name: "UserError",
      message: `context = "nope": the kubeconfig ${given.kubeconfig} has no such context`,
      remedy: "use one of: mine (--context NAME; in a stack: pulumi config set context NAME)",
    });
  });

  it("a kubeconfig that is not there: key and value", async () => {
    const given = { ...settings("https://127.0.0.1:1"), kubeconfig: join(folder, "gone") };
    await assert.rejects(requireReach(given), {
      message: new RegExp(`^kubeconfig = "${given.kubeconfig}": it cannot be read: ENOENT`),
      remedy: /--kubeconfig PATH; in a stack: pulumi config set kubeconfig PATH/,
    });
  });

  it("a cluster that does not answer: key, value, address and the reason", async () => {
    server = await api({});
    const given = settings(server.config);
    server.close();
    await assert.rejects(requireReach(given), {
      message:
        /^context = "mine": its cluster at http:\/\/127\.0\.0\.1:\d+ does not answer: connect ECONNREFUSED[^\n]*$/,
      remedy: /kubectl version --context mine.*; in a stack: pulumi config set context NAME\)$/,
    });
  });

  it("a cluster that refuses who we are: in its own words, on one line", async () => {
    server = await api({ "GET /version": 401 });
    await assert.rejects(requireReach(settings(server.config)), {
      message: /^context = "mine": its cluster at http:\/\/127\.0\.0\.1:\d+ does not answer: HTTP 401[^\n]*$/,
    });
  });

  it("the rights that are missing, all of them, each by what it is to make", async () => {
    server = await api({ ...VERSION, [REVIEW]: { status: { allowed: false } } });
    await assert.rejects(requireReach(settings(server.config)), {
      message:
        'context = "mine": its user may not create namespaces, nor configmaps and pods in the namespace fuse-test',
      remedy: /kubectl auth can-i create namespaces --context mine/,
    });
  });

  it("nothing more where all is allowed, or the API server does not say", async () => {
    server = await api({ ...VERSION, [REVIEW]: { status: { allowed: true } } });
    await requireReach(settings(server.config));
    assert.equal(server.requests.filter((asked) => asked === REVIEW).length, 3);
    server.close();
    server = await api({ ...VERSION, [REVIEW]: 403 });
    await requireReach(settings(server.config));
  });
});
