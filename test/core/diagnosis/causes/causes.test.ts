import assert from "node:assert/strict";
import { causes, notes } from "../../../../core/diagnosis/causes/index.ts";
import { judge } from "../../../../core/diagnosis/verdict.ts";
import type { Evidence, PodFact } from "../../../../core/evidence/evidence.ts";
import { provocations } from "../../../e2e/provocations.ts";
import { evidence, record, waiting } from "../../evidence/evidence.ts";
import { file, files, words } from "./recorded.ts";

const DEAD = 'failed to stat "/tmp/x": stat /tmp/x: transport endpoint is not connected';

/** A note is told with a success. */
const isNote = (id: string) => notes.some((note) => note.id === id);

describe("a cause found in recorded evidence", () => {
  for (const { what, cause, evidence: given, quoted } of [...files, ...words]) {
    it(`is ${cause}: ${what}`, () => {
      const verdict = judge(given);
      assert.equal(verdict?.cause, isNote(cause) ? "success" : cause);
      const reported = [{ id: verdict.cause, evidence: verdict.evidence }, ...(verdict.notes ?? [])];
      const own = JSON.stringify(reported.find(({ id }) => id === cause)?.evidence);
      const looked = quoted ? [quoted] : provocations.filter((one) => one.cause === cause).map((one) => one.quoted);
      assert.ok(
        looked.some((pattern) => pattern.test(own)),
        own,
      );
    });
  }

  it("is no daemon-killed where the container is to die: its log comes later than its state", () => {
    const died = (reason: string): PodFact => ({
      name: "fuse-producer",
      component: "producer",
      phase: "Running",
      containers: [
        {
          name: "fuse-producer",
          state: "waiting",
          reason: "CrashLoopBackOff",
          message: "",
          restarts: 1,
          last: { reason, exitCode: 137 },
        },
      ],
    });
    const judged = (scenario: string, reason: string) => judge(evidence({ scenario, pods: [died(reason)] }))?.cause;
    assert.equal(judged("producer-restart", "Error"), undefined);
    assert.equal(judged("producer-restart", "OOMKilled"), "daemon-killed");
    assert.equal(judged("late-consumer", "Error"), "daemon-killed");
    assert.equal(judged("oom", "OOMKilled"), undefined);
  });

  it("covers every row of the catalogue", () => {
    const recorded = new Set([...files, ...words].map(({ cause }) => cause));
    const missing = [...causes, ...notes].map(({ id }) => id).filter((id) => !recorded.has(id) && id !== "success");
    assert.deepEqual(missing, []);
  });
});

/** What else is true of some evidence, and is explained by its cause. Anything beyond is a confusion. */
const EXPLAINED: Readonly<Record<string, readonly string[]>> = {
  "producer-not-privileged": ["admission-refused"],
  "pod-security-denies": ["admission-refused"],
  "tools-missing": ["producer-never-mounted"],
  "fuse-unavailable": ["producer-never-mounted"],
  "fuse-device-denied": ["producer-never-mounted"],
  "fusermount-missing": ["producer-never-mounted"],
  "mount-limit": ["producer-never-mounted"],
  "lsm-denies": ["producer-never-mounted"],
  "daemon-killed": ["producer-never-mounted"],
  "daemon-slow": ["daemon-hung"],
  "stale-mount-left": ["producer-never-mounted"],
  "producer-binds-mountpoint": ["stale-mount-left"],
  "consumer-binds-mountpoint": ["stale-mount-left"],
  "subpath-used": ["bridge-not-hostpath"],
  "different-nodes": ["node-root-private"],
  "sandboxed-runtime": ["runtime-drops-propagation"],
};

describe("no cause is taken for another", () => {
  for (const { what, cause, evidence: given } of [...files, ...words]) {
    const own = isNote(cause) ? "success" : cause;
    it(`${cause}: ${what}`, () => {
      // The whole catalogue is asked, also where the order would have stopped earlier.
      const found = causes.filter(({ find }) => find(given) !== undefined).map(({ id }) => id);
      assert.equal(found[0], own);
      assert.deepEqual(
        found.slice(1).filter((id) => !EXPLAINED[cause]?.includes(id)),
        [],
      );
    });
  }

  it("and what may be explained besides does occur", () => {
    const seen = new Set(
      [...files, ...words].flatMap(({ cause, evidence: given }) =>
        causes.filter(({ find }) => find(given) !== undefined).map(({ id }) => `${cause}: ${id}`),
      ),
    );
    const declared = Object.entries(EXPLAINED).flatMap(([cause, others]) => others.map((id) => `${cause}: ${id}`));
    assert.deepEqual(
      declared.filter((pair) => !seen.has(pair)),
      [],
    );
  });

  it("and none is found where nothing was seen", () => {
    assert.deepEqual(
      causes.filter(({ find }) => find(evidence({}))),
      [],
    );
  });
});

describe("no cause is named while what explains it is still to come", () => {
  for (const { what, cause, evidence: given } of files) {
    it(`${cause}: ${what}`, () => {
      const own = isNote(cause) ? "success" : cause;
      const said = new Set(arrivals(given).map((partial) => judge(partial)?.cause ?? own));
      assert.deepEqual([...said], [own]);
    });
  }
});

describe("of two causes at once the one that explains the other comes first", () => {
  const cases: readonly [what: string, cause: string, Evidence][] = [
    [
      "no propagation, and pods that share no directory",
      "bridge-not-hostpath",
      noPropagation(file("bridge-not-hostpath")),
    ],
    [
      "a producer that passes nothing on, and readers that would not receive it",
      "producer-not-bidirectional",
      noPropagation(file("producer-not-bidirectional")),
    ],
    [
      "no fusermount, and no device to use it on",
      "fuse-device-denied",
      without(file("fuse-device-denied"), 'fusermount: exec: "fusermount": executable file not found in $PATH'),
    ],
    [
      "a killed daemon, and the dead mount it left",
      "daemon-killed",
      blocked(words.find(({ cause }) => cause === "daemon-killed")?.evidence),
    ],
    ["a private root, and a dead mount on it", "node-root-private", blocked(file("node-root-private"))],
    ["a pod on the wrong node, whose root is private", "different-nodes", elsewhere(file("node-root-private"))],
    ["an image that cannot be had, and a pod elsewhere", "image-unavailable", elsewhere(file("image-unavailable"))],
    [
      "a plain marker, and no fusermount",
      "hollow-success",
      without(file("hollow-success"), "fusermount: executable file not found"),
    ],
    [
      "readers without propagation, created after the mount",
      "consumer-not-host-to-container",
      noPropagation(file("control-too-late")),
    ],
  ];
  for (const [what, cause, given] of cases) it(`${what}: ${cause}`, () => assert.equal(judge(given)?.cause, cause));
});

/** The evidence as it grows: by the node's clock, and with the log of each container coming last of all. */
function arrivals(given: Evidence): Evidence[] {
  if (given.records.length === 0) return [{ ...given, final: false }];
  const records = given.records.toSorted((a, b) => a.uptime - b.uptime);
  const roles = [undefined, ...new Set(records.map(({ role }) => role))];
  return roles.flatMap((late) => {
    const order = [...records.filter(({ role }) => role !== late), ...records.filter(({ role }) => role === late)];
    return order.map((_, known) => ({ ...given, records: order.slice(0, known + 1), final: false }));
  });
}

/** The same evidence, had the readers no propagation. */
function noPropagation(given: Evidence): Evidence {
  const pods = given.pods.map((pod): PodFact => {
    if (pod.component !== "consumer" || !pod.spec) return pod;
    const containers = pod.spec.containers.map((container) =>
      container.bridge ? { ...container, bridge: { ...container.bridge, propagation: "None" } } : container,
    );
    return { ...pod, spec: { ...pod.spec, containers } };
  });
  return { ...given, pods };
}

/** The same evidence, had the daemon said this. */
function without(given: Evidence, detail: string): Evidence {
  return {
    ...given,
    records: [
      ...given.records.filter(({ role, step }) => role !== "producer" || step !== "mount"),
      record("producer", "mount", "error", { detail, run: given.run, node: given.node }),
    ],
  };
}

/** The same evidence, with a dead mount in a container's way. */
function blocked(given: Evidence = evidence({})): Evidence {
  return {
    ...given,
    pods: [...given.pods, { ...waiting("consumer", "fuse-other", "CreateContainerError", DEAD), nodeName: given.node }],
  };
}

function elsewhere(given: Evidence): Evidence {
  return {
    ...given,
    pods: given.pods.map((pod) => (pod.component === "consumer" ? { ...pod, nodeName: "k3s-w9" } : pod)),
  };
}
