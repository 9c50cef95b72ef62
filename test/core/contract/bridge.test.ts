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
import type { Variation } from "../../../core/contract/variation.ts";
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
    const volume = { hostDirectory: "/srv/x", mountPath: "/bridge" };
    assert.deepEqual(pairPaths("/srv/x"), { producer: volume, consumer: volume, mountPointInWhole: "/bridge/fuse" });
  });

  it("give each scenario a directory below the bridge, the mount point itself as the volume, or none", () => {
    const of = (more: Partial<Variation>) => pairPaths("/srv/x", { id: "a", pair: { fault: "none", ...more } });
    const parent = { hostDirectory: "/srv/x/a", mountPath: "/bridge" };
    const leaf = { hostDirectory: "/srv/x/a", mountPath: MOUNT_PATH };
    assert.deepEqual(of({}), { producer: parent, consumer: parent, mountPointInWhole: "/bridge/a/fuse" });
    assert.deepEqual(of({ layout: "leaf" }), { producer: leaf, consumer: leaf, mountPointInWhole: "/bridge/a" });
    const { producer, consumer } = of({ bridge: "emptyDir" });
    assert.deepEqual([producer.hostDirectory, consumer.hostDirectory], [undefined, undefined]);
  });

  it("give the producer alone the mount point as its volume where that is the question", () => {
    const paths = pairPaths("/srv/x", { id: "a", pair: { fault: "none", layout: "producer-leaf" } });
    assert.deepEqual(paths, {
      producer: { hostDirectory: "/srv/x/a/fuse", mountPath: MOUNT_PATH },
      consumer: { hostDirectory: "/srv/x/a", mountPath: "/bridge" },
      mountPointInWhole: "/bridge/a/fuse",
    });
  });

  it("give readers the mount point as a subPath where that is the question", () => {
    const { producer, consumer } = pairPaths("/srv/x", { id: "a", pair: { fault: "none", layout: "sub-path" } });
    assert.deepEqual(producer, { hostDirectory: "/srv/x/a", mountPath: "/bridge" });
    assert.deepEqual(consumer, { hostDirectory: "/srv/x/a", mountPath: MOUNT_PATH, subPath: "fuse" });
  });

  it("list every directory and every volume path that a pair can have", () => {
    const all = [undefined, ...PAIR_SCENARIOS].map((scenario) => pairPaths("/srv/x", scenario));
    for (const { hostDirectory, mountPath } of all.flatMap(({ producer, consumer }) => [producer, consumer])) {
      assert.ok(hostDirectory === undefined || hostBridges("/srv/x").includes(hostDirectory), hostDirectory);
      assert.ok(BRIDGE_VOLUME_PATHS.includes(mountPath), mountPath);
    }
  });

  it("are split at the bridge's own name", () => {
    assert.deepEqual(splitBridge("/tmp/fuse-test-bridge"), { parent: "/tmp", name: "fuse-test-bridge" });
  });
});
