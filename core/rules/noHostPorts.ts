import { lines } from "./cel.ts";
import type { Cursor } from "./cursor.ts";
import type { Review } from "./review.ts";
import { inContainers, type Rule } from "./rule.ts";

/** What the kubelet calls from the node's network; a host there makes it call someone else. */
const CALLS: readonly (readonly string[])[] = [
  ["livenessProbe"],
  ["readinessProbe"],
  ["startupProbe"],
  ["lifecycle", "postStart"],
  ["lifecycle", "preStop"],
];
const ACTIONS = ["httpGet", "tcpSocket"] as const;

export const noHostPorts: Rule = {
  id: "no-host-ports",
  severity: "high",
  title: "No container takes a port of the node, or makes the kubelet call another host.",
  remedy: "leave hostPort, and the host of probes and hooks, out",
  restrictions: [
    { fields: [inContainers("ports[*].hostPort")], allowed: "not set, `0`" },
    {
      fields: CALLS.map((path) => inContainers(`${path.join(".")}.{${ACTIONS.join(",")}}.host`)),
      allowed: "not set, empty",
    },
  ],
  check(review) {
    for (const { containers } of review.pods())
      for (const { fields } of containers) {
        for (const port of fields.get("ports").items()) {
          const hostPort = port.get("hostPort");
          if (!hostPort.absent && hostPort.value !== 0) review.report(hostPort, "opens a port of the node");
        }
        for (const path of CALLS) reportHost(review, fields.dig(...path));
      }
  },
  cel: {
    pods: () => [
      lines(
        "variables.containers.all(c, c.?ports.orValue([]).all(p, p.?hostPort.orValue(0) == 0)",
        ...CALLS.flatMap((path) =>
          ACTIONS.map((action) => `  && c.?${path.join(".?")}.?${action}.?host.orValue('') == ''`),
        ),
        ")",
      ),
    ],
  },
};

/** Pod Security Standards, baseline, "Host Probes / Lifecycle Hooks". */
function reportHost(review: Review, call: Cursor): void {
  if (call.absent) return;
  for (const action of ACTIONS) {
    const host = call.dig(action, "host");
    if (!host.empty) review.report(host, "makes the kubelet call another host");
  }
}
