import assert from "node:assert/strict";
import { PAIR_SCENARIOS } from "../../../core/contract/scenarios.ts";
import { VARIANTS } from "../../../core/contract/variants.ts";
import { decide } from "../../../core/diagnosis/decision.ts";

describe("a decision", () => {
  const words = { success: "Do it.", failure: "Leave it.", waysOut: ["ask somebody"] };

  it("is given in the words of whoever asked, and decides nothing where nothing was answered", () => {
    assert.deepEqual(
      [
        decide("success", "A", words).text,
        decide("success", undefined, words).text,
        decide("failure", "C", words).text,
      ],
      ["Do it.", "Do it.", "Leave it."],
    );
    assert.deepEqual(decide("failure", "C", words).waysOut?.slice(-1), ["ask somebody"]);
    assert.match(decide("inconclusive", undefined, words).text, /^Decide nothing yet/);
  });

  it("speaks of nobody's own daemon where nobody has said any words", () => {
    const reported = (["A", "B", "C", undefined] as const).flatMap((grade) => [
      decide("success", grade),
      decide("failure", grade),
    ]);
    assert.doesNotMatch(JSON.stringify(reported), /decypharr|LD_PRELOAD|k3s/i);
    assert.equal(reported[0]?.text, "Deploy the daemon in the cluster.");
    assert.equal(reported[1]?.text, "Keep the mount outside the cluster.");
  });
});

describe("the deployment that a success recommends", () => {
  it("mounts at no place where a test with the same directory for its bridge would mount", () => {
    const own = ["fuse", "permissions", ...PAIR_SCENARIOS.map(({ id }) => id), ...VARIANTS.map(({ id }) => id)];
    for (const grade of ["A", "B", undefined] as const) {
      const { manifest = "" } = decide("success", grade);
      const volume = /mountPath: ([^ ,]+),/.exec(manifest)?.[1];
      const points = [...manifest.matchAll(/(?:mounts at|stat -f|umount -l) ([^\s.";,]+)/g)].map(([, point]) => point);
      assert.ok(volume && points.length > 0, manifest);
      for (const point of points) {
        assert.ok(point?.startsWith(`${volume}/`), `${point} is below the volume`);
        assert.ok(!own.includes(point?.slice(volume.length + 1).split("/")[0] ?? ""), `${point} is not the test's`);
      }
    }
  });

  it("starts no reader where the bridge is missing, and makes it in the daemon's pod alone", () => {
    for (const grade of ["A", "B", undefined] as const) {
      const { manifest = "" } = decide("success", grade);
      const [daemon = "", reader = ""] = manifest.split("# in each reader's pod").slice(0, 2);
      assert.match(daemon, /Bidirectional[\s\S]*type: DirectoryOrCreate/);
      assert.match(reader, /HostToContainer[\s\S]*type: Directory }/);
      assert.equal(manifest.match(/DirectoryOrCreate/g)?.length, 1);
    }
  });

  it("asks for no read-only volume that would keep the mount from a reader", () => {
    for (const grade of ["A", "B", undefined] as const)
      assert.doesNotMatch(decide("success", grade).manifest?.replaceAll(/#.*/g, "") ?? "", /recursiveReadOnly/);
  });
});
