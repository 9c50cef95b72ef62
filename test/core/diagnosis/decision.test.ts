import assert from "node:assert/strict";
import { PAIR_SCENARIOS } from "../../../core/contract/scenarios.ts";
import { decide } from "../../../core/diagnosis/decision.ts";
import { VARIANTS } from "../../../core/diagnosis/permissions.ts";

describe("the deployment that a success recommends", () => {
  it("mounts at no place where a test with the same directory for its bridge would mount", () => {
    const own = ["fuse", "permissions", ...PAIR_SCENARIOS.map(({ id }) => id), ...VARIANTS.map(({ id }) => id)];
    for (const grade of ["A", "B", undefined] as const) {
      const { manifest = "" } = decide("success", grade);
      const volume = /mountPath: ([^ ,]+),/.exec(manifest)?.[1];
      const points = [...manifest.matchAll(/(?:mount at|stat|umount -l) ([^\s.";]+)/g)].map(([, point]) => point);
      assert.ok(volume && points.length > 0, manifest);
      for (const point of points) {
        assert.ok(point?.startsWith(`${volume}/`), `${point} is below the volume`);
        assert.ok(!own.includes(point?.slice(volume.length + 1).split("/")[0] ?? ""), `${point} is not the test's`);
      }
    }
  });
});
