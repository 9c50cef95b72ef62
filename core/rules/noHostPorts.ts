import type { At } from "./at.ts";
import type { Look } from "./look.ts";
import type { Rule } from "./rule.ts";

/** What the kubelet calls from the node's network; a host there makes it call someone else. */
const CALLS: readonly (readonly string[])[] = [
  ["livenessProbe"],
  ["readinessProbe"],
  ["startupProbe"],
  ["lifecycle", "postStart"],
  ["lifecycle", "preStop"],
];

export const noHostPorts: Rule = {
  id: "no-host-ports",
  severity: "high",
  title: "No container takes a port of the node, or makes the kubelet call another host.",
  remedy: "leave hostPort, and the host of probes and hooks, out",
  check(look) {
    for (const { containers } of look.pods())
      for (const { at } of containers) {
        for (const port of at.get("ports").items()) {
          const hostPort = port.get("hostPort");
          if (!hostPort.absent && hostPort.value !== 0) look.fault(hostPort, "opens a port of the node");
        }
        for (const path of CALLS) callFault(look, at.dig(...path));
      }
  },
};

/** Pod Security Standards, baseline, "Host Probes / Lifecycle Hooks". */
function callFault(look: Look, at: At): void {
  if (at.absent) return;
  for (const how of ["httpGet", "tcpSocket"]) {
    const host = at.get(how).get("host");
    if (!host.empty) look.fault(host, "makes the kubelet call another host");
  }
}
