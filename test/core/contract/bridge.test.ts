import assert from "node:assert/strict";
import {
  BRIDGE_PATH,
  BRIDGE_VOLUME_PATHS,
  hostBridges,
  MOUNT_PATH,
  mountPointIn,
  pairPaths,
  SWEEP_HOST_PATH,
  splitBridge,
} from "../../../core/contract/bridge.ts";
import { PAIR_SCENARIOS } from "../../../core/contract/scenarios.ts";
import { probeScripts } from "../../../probe/scripts.ts";

describe("the bridge's paths", () => {
  it("are those of the probe's scripts", () => {
    const { "lib.sh": lib = "", "sweep.sh": sweep = "" } = probeScripts();
    assert.match(lib, new RegExp(`^BRIDGE=\\$\\{BRIDGE:-${BRIDGE_PATH}\\}$`, "m"));
    assert.match(lib, new RegExp(`^MOUNT=${mountPointIn("\\$BRIDGE")}$`, "m"));
    assert.match(sweep, new RegExp(`^HOST=\\$\\{HOST:-${SWEEP_HOST_PATH}\\}$`, "m"));
    assert.match(sweep, new RegExp(`^BRIDGE=\\$\\{BRIDGE:-${BRIDGE_PATH}\\}$`, "m"));
    assert.ok(sweep.includes(`"${mountPointIn("$scenario")}"`));
  });

  it("are the bridge's own for the base pair", () => {
    assert.deepEqual(pairPaths("/srv/x"), {
      hostDirectory: "/srv/x",
      volumePath: "/bridge",
      mountPointInWhole: "/bridge/fuse",
    });
  });

  it("give each scenario a directory below the bridge, the mount point itself as the volume, or none", () => {
    const pair = { fault: "none" } as const;
    assert.deepEqual(pairPaths("/srv/x", { id: "a", pair }), {
      hostDirectory: "/srv/x/a",
      volumePath: "/bridge",
      mountPointInWhole: "/bridge/a/fuse",
    });
    assert.deepEqual(pairPaths("/srv/x", { id: "a", pair: { ...pair, layout: "leaf" } }), {
      hostDirectory: "/srv/x/a",
      volumePath: MOUNT_PATH,
      mountPointInWhole: "/bridge/a",
    });
    assert.equal(pairPaths("/srv/x", { id: "a", pair: { ...pair, bridge: "emptyDir" } }).hostDirectory, undefined);
  });

  it("list every directory and every volume path that a pair can have", () => {
    const all = [undefined, ...PAIR_SCENARIOS].map((scenario) => pairPaths("/srv/x", scenario));
    for (const { hostDirectory, volumePath } of all) {
      assert.ok(hostDirectory === undefined || hostBridges("/srv/x").includes(hostDirectory), hostDirectory);
      assert.ok(BRIDGE_VOLUME_PATHS.includes(volumePath), volumePath);
    }
  });

  it("are split at the bridge's own name", () => {
    assert.deepEqual(splitBridge("/tmp/fuse-test-bridge"), { parent: "/tmp", name: "fuse-test-bridge" });
  });
});
