import assert from "node:assert/strict";
import { MARKS } from "../../base/marks.ts";
import { linesOf, type Status } from "../../sandbox/status.ts";

const down: Status = { running: false, busy: false, nodes: [], processes: [], residue: [] };
const { success, failure, inconclusive } = MARKS;

describe("the status of the sandbox, for people", () => {
  it("names what is wrong with a running one, node by node and process by process", () => {
    const status: Status = {
      ...down,
      running: true,
      problem: "not ready: k3s-w1",
      nodes: [
        { name: "k3s-w2", ready: true, message: "kubelet is posting ready status" },
        { name: "k3s-w1", ready: false, message: "container runtime is down" },
      ],
      processes: [
        { name: "k3s-w2 kubelet", pid: 7, alive: true },
        { name: "k3s-w1 kubelet", pid: 8, alive: false },
      ],
      residue: ["k3s-w2: FUSE mount /mnt"],
    };
    assert.deepEqual(linesOf(status), [
      "running, but not ready: k3s-w1",
      `${success} node k3s-w2`,
      `${failure} node k3s-w1: container runtime is down`,
      `${success} k3s-w2 kubelet (process 7)`,
      `${failure} k3s-w1 kubelet (process 8)`,
      `${inconclusive} left: k3s-w2: FUSE mount /mnt`,
    ]);
  });

  it("tells one that is down from one that another command is at work on", () => {
    assert.deepEqual(linesOf(down), ["not running"]);
    assert.deepEqual(linesOf({ ...down, busy: true }), ["being started or stopped"]);
  });
});
