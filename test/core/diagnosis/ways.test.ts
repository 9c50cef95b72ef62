import assert from "node:assert/strict";
import { causes } from "../../../core/diagnosis/causes/index.ts";
import { cellOf, ROWS } from "../../../core/diagnosis/ways/table.ts";
import { NO_WAYS, WAYS, type Way } from "../../../core/diagnosis/ways/way.ts";
import { waysOutOf } from "../../../core/diagnosis/ways/waysOut.ts";

/** What each cell must say, in the order of the ways: works, cannot, ? needs a proof of its own. */
const ORDER = [
  "shared-root",
  "shared-bridge",
  "same-pod",
  "host-daemon",
  "csi-driver",
  "network-export",
  "same-container",
  "host-daemon-first",
  "another-node",
];
const EXPECTED: Readonly<Record<string, string>> = {
  // A private root refuses whoever asks for propagation; what asks for none works.
  "node-root-private": "w w - - - w w w ?",
  "bridge-mount-private": "- ? ? - ? w w w ?",
  "runtime-drops-propagation": "- - - - - w w w ?",
  "sandboxed-runtime": "- - - - - ? ? - -",
  "lsm-denies": "- - - ? ? ? - ? ?",
  "stacked-mounts": "- - ? - ? w w - ?",
  "subpath-used": "- - ? - ? w w w -",
  "bridge-not-hostpath": "- - ? - ? w w w -",
  "producer-not-bidirectional": "- - ? w ? w w w -",
  "consumer-not-host-to-container": "- - ? - ? w w w -",
  "peer-group-destroyed": "- - ? w ? w w w -",
  "producer-binds-mountpoint": "- - ? w ? w w w -",
  "consumer-binds-mountpoint": "- - ? - ? w w w -",
  "allow-other-missing": "- - ? - ? w w - -",
  unknown: "- - - - - w w w ?",
  "producer-not-privileged": "- - - w ? w - w -",
  "pod-security-denies": "- - - - ? w - - -",
  "node-unavailable": "- - - - - - - - ?",
  "different-nodes": "- - ? - ? w w - -",
  "host-read-only": "- - ? - ? w w - ?",
  "user-namespace": "- - - - - ? - - -",
  "fuse-unavailable": "- - - - - w - - ?",
  "fuse-device-denied": "- - - w ? w - w -",
};
const ALL_OPEN = "? ? ? ? ? ? ? ? ?";
const LETTERS = { works: "w", cannot: "-", "needs-proof": "?" } as const;

const bars = causes.filter(({ outcome }) => outcome !== "success").map(({ id }) => id);

describe("the table of the ways out", () => {
  it("has a row for every cause of the catalogue and for a failure without one, and no other", () => {
    assert.deepEqual(Object.keys(ROWS).sort(), [...bars, "unknown"].sort());
  });

  it("says in each cell what the facts say", () => {
    assert.deepEqual(
      WAYS.map(({ id }) => id),
      ORDER,
    );
    for (const cause of Object.keys(ROWS)) {
      const row = WAYS.map((way) => LETTERS[cellOf(cause, way).answer]).join(" ");
      assert.equal(row, EXPECTED[cause] ?? ALL_OPEN, cause);
    }
  });

  it("gives each cell its reason, and a proof to those that need one alone", () => {
    for (const cause of Object.keys(ROWS))
      for (const way of WAYS) {
        const { answer, why, proof } = cellOf(cause, way);
        assert.ok(why.length > 10, `${cause} ${way.id}`);
        assert.equal(proof !== undefined, answer === "needs-proof", `${cause} ${way.id}`);
      }
  });

  it("leaves nothing that wants propagation where the node refuses it", () => {
    for (const cause of ["node-root-private", "runtime-drops-propagation"])
      for (const id of ["same-pod", "host-daemon", "csi-driver"] as const) {
        const way = WAYS.find((one) => one.id === id) as Way;
        const { answer, why } = cellOf(cause, way);
        assert.equal(answer, "cannot", `${cause} ${id}`);
        assert.match(why, /refused|drops/);
      }
  });

  it("has no way to a read-only reader but the daemon's own option", () => {
    assert.match(NO_WAYS.find(({ id }) => id === "recursiveReadOnly")?.why ?? "", /None \(KEP-3857\).*`ro`/);
    for (const { text } of WAYS) assert.doesNotMatch(text, /recursiveReadOnly/);
  });
});

describe("the ways out of a verdict", () => {
  it("are those that can work for its cause, each with what it costs", () => {
    for (const cause of Object.keys(ROWS)) {
      const ways = waysOutOf(cause);
      const able = WAYS.filter((way) => cellOf(cause, way).answer !== "cannot").map(({ id }) => id);
      const asked = EXPECTED[cause] !== undefined;
      assert.deepEqual(ways.map(({ id }) => id).sort(), asked ? [...able].sort() : [], cause);
      for (const { id, text, costs, answer, proof } of ways) {
        assert.ok(text.length > 10 && costs.length > 10, `${cause} ${id}`);
        assert.equal(answer === "needs-proof", proof !== undefined, `${cause} ${id}`);
      }
    }
  });

  it("come in the order: proven here, works, needs a proof", () => {
    assert.deepEqual(
      waysOutOf("node-root-private").map(({ id }) => id),
      ["shared-root", "shared-bridge", "network-export", "same-container", "host-daemon-first", "another-node"],
    );
    const [first, ...others] = waysOutOf("peer-group-destroyed", { "same-pod": true });
    assert.deepEqual([first?.id, first?.answer], ["same-pod", "works"]);
    assert.match(first?.why ?? "", /proven here/);
    assert.match(first?.hazards ?? "", /kubernetes#129550/);
    assert.equal(others[0]?.id, "host-daemon");
  });

  it("are without one that has failed on this node in the same run", () => {
    const of = (shown: Record<string, boolean>) => waysOutOf("peer-group-destroyed", shown).map(({ id }) => id);
    assert.ok(of({}).includes("same-pod"));
    assert.ok(!of({ "same-pod": false }).includes("same-pod"));
    assert.ok(of({ "daemon-hang": false }).includes("same-pod"));
  });
});
