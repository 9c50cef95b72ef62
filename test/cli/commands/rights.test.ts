import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import { runRights } from "../../../cli/commands/rights.ts";
import { inProcess } from "../inProcess.ts";

interface Printed {
  readonly kind: string;
  readonly metadata: { readonly namespace?: string };
  readonly subjects?: readonly object[];
}

describe("rights", () => {
  const printed = async (...args: readonly string[]) => {
    const { status, stdout, stderr } = await inProcess(runRights, args);
    assert.equal(status, 0, stderr);
    return parseAllDocuments(stdout).map((one): Printed => one.toJS());
  };

  it("prints what a job needs, and binds it to whoever is named", async () => {
    const start = await printed("--user", "jane");
    assert.deepEqual(
      start.map(({ kind }) => kind),
      ["ClusterRole", "ClusterRoleBinding"],
    );
    assert.deepEqual(start[1]?.subjects, [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "jane" }]);
    const collect = await printed("collect", "--service-account", "ci:bot", "--set", "namespace=fuse-ci");
    assert.deepEqual(
      collect.map(({ kind, metadata: { namespace } }) => [kind, namespace]),
      [
        ["ClusterRole", undefined],
        ["ClusterRoleBinding", undefined],
        ["Role", "fuse-ci"],
        ["RoleBinding", "fuse-ci"],
      ],
    );
    assert.deepEqual(collect[3]?.subjects, [{ apiGroup: "", kind: "ServiceAccount", name: "bot", namespace: "ci" }]);
  });

  for (const [what, args, words] of [
    ["nobody", [], /nobody is named who gets the rights\n {2}remedy: add --user NAME/],
    ["half a service account", ["--service-account", "bot"], /--service-account bot has no namespace or no name/],
    ["a job that is none", ["stop", "--user", "jane"], /Allowed choices are start, collect/],
  ] as const)
    it(`refuses ${what}`, async () => {
      const { status, stdout, stderr } = await inProcess(runRights, args);
      assert.deepEqual([status, stdout], [2, ""]);
      assert.match(stderr, words);
    });
});
