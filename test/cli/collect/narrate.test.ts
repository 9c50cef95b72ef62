import assert from "node:assert/strict";
import { narrator } from "../../../cli/collect/narrate.ts";
import type { ProbeRecord } from "../../../core/contract/records.ts";
import type { PodFact } from "../../../core/evidence/evidence.ts";
import { evidence, mounted, record, sees, waiting } from "../../core/evidence/evidence.ts";

const printed = (records: readonly ProbeRecord[], scenario?: string): string[] => {
  const lines: string[] = [];
  const narrate = narrator((line) => lines.push(line.replace(/ {2}[\d.]+ s$/, "")));
  const seen = evidence({ pods: [], records, ...(scenario ? { scenario } : {}) });
  narrate(seen);
  narrate(seen);
  return lines;
};

describe("progress of a run", () => {
  it("tells each step once, of its node", () => {
    const dead = record("default", "read", "error", { errno: "ENOTCONN" });
    assert.deepEqual(
      printed([...mounted, ...sees("default"), record("producer", "crash", "ok", { fault: "crash" }), dead]),
      [
        "✓ k3s-w2  producer mounted fuse.rclone, shared:38 (mount undefined)",
        "✓ k3s-w2  default reads the marker ccf6d907 on fuse.rclone, undefined",
        "✓ k3s-w2  default decides: SUCCESS",
        "· k3s-w2  producer killed the FUSE daemon (SIGKILL)",
        "· k3s-w2  default sees a dead mount: ENOTCONN",
      ],
    );
  });

  it("tells once what keeps several containers from starting alike, however often the kubelet tries, without its ids", () => {
    const lines: string[] = [];
    const narrate = narrator((line) => lines.push(line.replace(/ {2}[\d.]+ s$/, "")));
    const words = (id: string, kind: string) =>
      `failed to generate container "${id.repeat(32)}" spec: path "/tmp/fuse-test-bridge" is not a ${kind} mount`;
    const pod = (id: string) => {
      const each = ["fuse-consumer", "fuse-consumer-hardened"].map((name, index) =>
        waiting("consumer", name, "CreateContainerError", words(`${id}${index}`, "shared or slave")),
      );
      const containers = each.flatMap(({ containers }) => containers);
      return [
        { ...(each[0] as PodFact), containers },
        waiting("producer", "fuse-producer", "CreateContainerError", words(`${id}a`, "shared")),
      ];
    };
    for (const attempt of ["a", "b", "c"]) narrate(evidence({ pods: pod(attempt) }));
    assert.deepEqual(lines, [
      '! k3s-w2  fuse-consumer: CreateContainerError: failed to generate container "a0a0a0a0a0a0…" spec: path "/tmp/fuse-test-bridge" is not a shared or slave mount',
      '! k3s-w2  fuse-producer: CreateContainerError: failed to generate container "aaaaaaaaaaaa…" spec: path "/tmp/fuse-test-bridge" is not a shared mount',
    ]);
  });

  it("names the scenario beside the node, and its fault", () => {
    const hang = record("producer", "crash", "ok", { fault: "hang" });
    const abort = record("producer", "abort", "ok");
    assert.deepEqual(printed([hang, abort], "daemon-hang"), [
      "· k3s-w2 daemon-hang  producer stopped the FUSE daemon (SIGSTOP)",
      "· k3s-w2 daemon-hang  producer aborted the FUSE connection",
    ]);
  });

  it("says nothing of a mount that is not there yet", () => {
    assert.deepEqual(printed([record("default", "read", "error", { errno: "ENOENT" })]), []);
  });
});
