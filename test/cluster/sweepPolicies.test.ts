import assert from "node:assert/strict";
import { sweepPolicies } from "../../cluster/sweepPolicies.ts";
import { admission } from "../../core/admission/index.ts";
import { parseSettings } from "../../core/settings/settings.ts";
import { type Api, api } from "./api.ts";

const GROUP = "/apis/admissionregistration.k8s.io/v1";
const POLICIES = `${GROUP}/validatingadmissionpolicies`;
const BINDINGS = `${GROUP}/validatingadmissionpolicybindings`;
const SETTINGS = parseSettings({ nodes: ["a"], namespace: "x" });

/** What the run in a namespace makes. */
const made = (namespace: string, kind: string) =>
  admission({ nodes: ["a"], namespace, bridge: "/tmp/b" }).filter((object) => object.kind === kind);

describe("the sweep of admission policies", () => {
  let server: Api;
  afterEach(() => server.close());

  it("deletes those of its namespace, and of no other", async () => {
    const items = (kind: string) => ({ items: [...made("x", kind), ...made("x-2", kind)] });
    const names = [...made("x", "ValidatingAdmissionPolicy")].map(({ metadata }) => metadata.name);
    assert.equal(names.length, 2);
    const deletions = [BINDINGS, POLICIES].flatMap((path) => names.map((name) => `DELETE ${path}/${name}`));
    server = await api({
      [`GET ${POLICIES}`]: items("ValidatingAdmissionPolicy"),
      [`GET ${BINDINGS}`]: items("ValidatingAdmissionPolicyBinding"),
      ...Object.fromEntries(deletions.map((request) => [request, { kind: "Status" }])),
    });
    await sweepPolicies(server.config, SETTINGS, () => {});
    assert.deepEqual(
      server.requests.filter((request) => request.startsWith("DELETE")),
      deletions,
    );
  });

  it("is no error where they may not be listed, or are not known", async () => {
    for (const code of [403, 404]) {
      server = await api({ [`GET ${POLICIES}`]: code, [`GET ${BINDINGS}`]: code });
      await sweepPolicies(server.config, SETTINGS, () => {});
      server.close();
    }
  });
});
