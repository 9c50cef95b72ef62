import assert from "node:assert/strict";
import { inspectionLines } from "../../../cli/start/inspection.ts";
import { parseSettings } from "../../../core/settings/settings.ts";

describe("what a run with --keep says at its end", () => {
  it("is the sweep of the same stack, for a cluster of one's own: never the settings, which may hold a key", () => {
    const settings = parseSettings({
      nodes: ["a"],
      namespace: "x",
      context: "it's",
      driver: "command",
      command: "KEY",
    });
    assert.deepEqual(inspectionLines("cluster", "homelab", settings), [
      "! kept: the namespace x, its pods for up to 30 minutes",
      "  look at it: kubectl --context 'it'\\''s' -n x get pods",
      "  end it:     npm run sweep -- --stack homelab",
    ]);
  });

  it("is the end of the sandbox, where it ran there", () => {
    const settings = parseSettings({ nodes: ["a"], kubeconfig: "/k", context: "s" });
    assert.deepEqual(inspectionLines("sandbox", "homelab", settings), [
      "! kept: the namespace fuse-test, its pods for up to 30 minutes, and the sandbox",
      "  look at it: kubectl --kubeconfig /k --context s -n fuse-test get pods",
      "  end it:     npm run sandbox -- down",
    ]);
  });
});
