import assert from "node:assert/strict";
import { keptLines } from "../../cli/kept.ts";
import { parseSettings } from "../../core/settings.ts";

describe("what a run with --keep says at its end", () => {
  it("is the sweep of the same cluster and settings, for a cluster of one's own", () => {
    const options = { stack: "homelab", context: "c", node: ["a", "b"], set: ["namespace=x", "tolerations=[]"] };
    const settings = parseSettings({ nodes: ["a", "b"], namespace: "x", context: "c" });
    assert.deepEqual(keptLines("cluster", options, settings), [
      "‼ kept: the namespace x, its pods for up to 30 minutes",
      "  look at it: kubectl --context c -n x get pods",
      "  end it:     npm run sweep -- --stack homelab --context c --node a b --set namespace=x 'tolerations=[]'",
    ]);
  });

  it("is the end of the sandbox, where it ran there", () => {
    const settings = parseSettings({ nodes: ["a"], kubeconfig: "/k", context: "s" });
    assert.deepEqual(keptLines("sandbox", { stack: "homelab" }, settings), [
      "‼ kept: the namespace fuse-test, its pods for up to 30 minutes, and the sandbox",
      "  look at it: kubectl --kubeconfig /k --context s -n fuse-test get pods",
      "  end it:     npm run sandbox -- down",
    ]);
  });
});
