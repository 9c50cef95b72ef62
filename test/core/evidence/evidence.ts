/** Evidence for tests, built from the lines a real run on a real kubelet printed. */
import type { AnyComponent, AnyRole } from "../../../core/contract/readers.ts";
import { isStep, type ProbeRecord, type RecordOf, type Result, type Step } from "../../../core/contract/records.ts";
import type { Evidence, PodFact } from "../../../core/evidence/evidence.ts";

export const NONCE = "ccf6d907-3f62-401b-b093-0358ca26b7d9";
const FUSE = "387 311 0:155 / /bridge/fuse rw,nosuid,nodev,relatime shared:38 - fuse.rclone /tmp/source rw,allow_other";
export const BRIDGE = "311 300 0:42 /tmp/fuse-test-bridge /bridge ro,relatime master:1 - tmpfs fpt rw,mode=755";

export const record = <S extends Step>(
  role: AnyRole,
  step: S,
  result: Result,
  more: Partial<RecordOf<S>> = {},
): RecordOf<S> =>
  altered(
    { time: "2026-11-22T09:44:31.250Z", uptime: 2057.25, run: "r", node: "k3s-w2", role, step, result } as RecordOf<S>,
    more,
  );

/** A record with other fields, or fields that are none of its step's: what somebody else may have written. */
export const altered = <R extends ProbeRecord>(one: R, more: object): R => ({ ...one, ...more });

/** The records of a step. */
export const ofStep = <S extends Step>(records: readonly ProbeRecord[], step: S): RecordOf<S>[] =>
  records.filter((one) => isStep(one, step));

export const mounted = [
  record("producer", "daemon", "info", { uptime: 2057.23 }),
  record("producer", "mount", "ok", { fstype: "fuse.rclone", propagation: "shared:38", mountinfo: FUSE }),
  record("producer", "marker", "ok", { nonce: NONCE }),
];
export const unseenByControl = record("control", "control", "ok", { uptime: 2055.07, mountinfo: BRIDGE });
/** @param later by how many seconds it comes later than usual */
export const sees = (role: AnyRole, nonce = NONCE, later = 0): ProbeRecord[] => [
  record(role, "identity", "info", {
    uptime: 2055,
    uid: role === "hardened" ? "65534" : "0",
    capabilities: role === "hardened" ? "0000000000000000" : "00000000a80425fb",
  }),
  record(role, "start", "info", { uptime: 2055, fuse_at_start: "no", mountinfo: BRIDGE }),
  record(role, "read", "ok", {
    uptime: 2057.35 + later,
    looked: String(2057.3 + later),
    nonce,
    fstype: "fuse.rclone",
    device: "155",
    bridge_device: "42",
    mountinfo: FUSE,
  }),
  record(role, "verdict", "ok", {
    uptime: 2057.45 + later,
    nonce,
    seen_uptime: String(2057.3 + later),
    seen_until: String(2057.35 + later),
    control_uptime: String(2057.4 + later),
  }),
];
export const misses = (role: AnyRole): ProbeRecord[] => [
  record(role, "read", "error", { errno: "ENOENT", fstype: "tmpfs" }),
  record(role, "verdict", "error", { uptime: 2087 }),
];

export const running = (component: AnyComponent, containers: readonly string[]): PodFact => ({
  name: `fuse-${component}`,
  component,
  phase: "Running",
  nodeName: "k3s-w2",
  containers: containers.map((name) => ({ name, state: "running", reason: "", message: "" })),
});
export const waiting = (component: AnyComponent, container: string, reason: string, message: string): PodFact => ({
  name: `fuse-${component}`,
  component,
  phase: "Pending",
  nodeName: "k3s-w2",
  containers: [{ name: container, state: "waiting", reason, message }],
});
export const pending = (component: AnyComponent, unschedulable: string): PodFact => ({
  name: `fuse-${component}`,
  component,
  phase: "Pending",
  unschedulable,
  containers: [],
});

export const evidence = (more: Partial<Evidence>): Evidence => ({
  node: "k3s-w2",
  run: "r",
  records: [],
  pods: [running("producer", ["fuse-producer"]), running("consumer", ["fuse-control", "fuse-consumer"])],
  events: [],
  nodeFact: { exists: true, ready: true, cordoned: false, taints: [] },
  refusals: [],
  final: false,
  ...more,
});
