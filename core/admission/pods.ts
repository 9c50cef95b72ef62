/** The rules of a pod, in CEL. Fields are read with `?.`, so that a missing one is no error, which would deny everything. */

import { literal } from "../contract/literal.ts";
import { PRODUCER } from "../contract/names.ts";
import { type Allowed, BIDIRECTIONAL_PATHS, bridgesOf } from "../rules/allowed.ts";
import { bridgeHostpathOnly, HARMLESS_VOLUMES, PLAIN_RESOURCES } from "../rules/bridgeHostpathOnly.ts";
import { mountPropagation } from "../rules/mountPropagation.ts";
import { noAddedCapabilities } from "../rules/noAddedCapabilities.ts";
import { noHostNamespaces } from "../rules/noHostNamespaces.ts";
import { noHostPorts } from "../rules/noHostPorts.ts";
import { noPrivilegeEscalation } from "../rules/noPrivilegeEscalation.ts";
import { pinnedToTestNode } from "../rules/pinnedToTestNode.ts";
import { privilegedProducerOnly } from "../rules/privilegedProducerOnly.ts";
import {
  DOTS,
  PRODUCER_ENVIRONMENT,
  PRODUCER_MOUNTS,
  SWEEP_ENVIRONMENT,
  SWEEP_MOUNTS,
  TERMINATION_PATH,
  UNNEEDED,
} from "../rules/producerPlace.ts";
import { names } from "../rules/roles.ts";
import { cel, lines, validation } from "./cel.ts";
import { defaultsValidations } from "./defaults.ts";
import type { Validation, Variable } from "./types.ts";

const named = (base: string, allowed: Allowed): string => cel(names(base, allowed));

/** What several rules ask. */
export function podVariables(allowed: Allowed): Variable[] {
  return [
    { name: "name", expression: "object.metadata.?name.orValue('')" },
    { name: "volumes", expression: "object.spec.?volumes.orValue([])" },
    { name: "init", expression: "object.spec.?initContainers.orValue([])" },
    { name: "ephemeral", expression: "object.spec.?ephemeralContainers.orValue([])" },
    { name: "containers", expression: "object.spec.containers + variables.init + variables.ephemeral" },
    { name: "hostVolumes", expression: "variables.volumes.filter(v, has(v.hostPath)).map(v, v.name)" },
    { name: "trusted", expression: trusted(allowed) },
    { name: "sweeps", expression: allowed.sweep ? `variables.name in ${named("fuse-sweep-check", allowed)}` : "false" },
  ];
}

/** Names of the containers that may be privileged: see privilegeFault in core/rules/roles.ts. Names are unique in a pod. */
function trusted(allowed: Allowed): string {
  const idle = [
    ...UNNEEDED.map((key) => `!has(c.${key})`),
    `c.?terminationMessagePath.orValue('${TERMINATION_PATH}') in ['', '${TERMINATION_PATH}']`,
    "!object.spec.?shareProcessNamespace.orValue(false)",
  ].join(" && ");
  const producer = lines(
    `(variables.name in ${named(PRODUCER, allowed)} && c.name == ${cel(PRODUCER)}`,
    `  && c.?command.orValue([]) == ["sh", "/probe/producer.sh"]`,
    `  && ${told(PRODUCER_ENVIRONMENT, allowed)}`,
    `  && ${mounted(PRODUCER_MOUNTS)}`,
    `  && ${probed})`,
  );
  const script = allowed.scripts?.["sweep.sh"];
  const sweep = lines(
    `(variables.name in ${named("fuse-sweep-unmount", allowed)} && c.name == "sweep"`,
    "  && c.?command.orValue([]).size() == 5 && c.command[0] == 'sh' && c.command[1] == '-c'",
    `  && c.command[3] == 'sweep' && c.command[4] == 'unmount'${script === undefined ? "" : ` && c.command[2] == ${cel(script)}`}`,
    `  && ${told(SWEEP_ENVIRONMENT)}`,
    `  && ${mounted(SWEEP_MOUNTS)})`,
  );
  const either = allowed.sweep ? lines(producer, `|| ${sweep}`) : producer;
  return lines(`object.spec.containers.filter(c, ${idle} && (`, either, ")).map(c, c.name)");
}

/** The variables a script knows, with values it may have; the probe runs what COMMAND holds. */
function told(environment: Readonly<Record<string, string>>, allowed?: Allowed): string {
  const names = Map.groupBy(Object.entries(environment), ([, pattern]) => pattern);
  const known = [...names].map(([pattern, entries]) => {
    const dots = entries.some(([name]) => name === "MARKER_FILE") ? ` && !e.value.matches(${cel(DOTS)})` : "";
    return `e.name in ${cel(entries.map(([name]) => name))} && e.value.matches(${cel(pattern)})${dots}`;
  });
  const command = allowed?.command ? [`e.name == 'COMMAND' && e.value == ${cel(literal(allowed.command))}`] : [];
  const either = [...known, ...command].map((one) => `(${one})`);
  return `c.?env.orValue([]).all(e, has(e.value) && (${either.join("\n    || ")}))`;
}

/** No volume lies over the programs. */
function mounted(mounts: Readonly<Record<string, readonly string[]>>): string {
  const known = Object.entries(mounts).map(([path, sources]) => {
    const volume = sources.map((source) => `has(v.${source})`).join(" || ");
    return `(m.mountPath == ${cel(path)} && variables.volumes.exists(v, v.name == m.name && (${volume})))`;
  });
  return `c.?volumeMounts.orValue([]).all(m, ${known.join("\n    || ")})`;
}

const below = "(m.mountPath == '/probe' || m.mountPath.startsWith('/probe/'))";

/** /probe is the probe's config map, whole, and nothing is mounted over it. */
const probed = lines(
  `c.?volumeMounts.orValue([]).filter(m, ${below}).size() == 1`,
  "  && c.volumeMounts.exists(m, m.mountPath == '/probe' && !has(m.subPath) && !has(m.subPathExpr)",
  "    && variables.volumes.exists(v, v.name == m.name && v.?configMap.?name.orValue('') == 'fuse-probe'",
  "      && !has(v.configMap.items)))",
);

export function podValidations(allowed: Allowed): Validation[] {
  return [
    validation(pinnedToTestNode, pinned(allowed)),
    validation(pinnedToTestNode, "object.spec.?tolerations.orValue([]).all(t, t.?key.orValue('') != '')"),
    validation(
      privilegedProducerOnly,
      "variables.containers.all(c, !c.?securityContext.?privileged.orValue(false) || c.name in variables.trusted)",
    ),
    validation(bridgeHostpathOnly, bridged(allowed)),
    validation(
      bridgeHostpathOnly,
      lines(
        "variables.containers.all(c, c.?volumeDevices.orValue([]).size() == 0",
        "  && c.?volumeMounts.orValue([]).all(m, !(m.name in variables.hostVolumes)",
        "    || (m.?subPath.orValue('') == '' && m.?subPathExpr.orValue('') == '')))",
      ),
    ),
    validation(bridgeHostpathOnly, devices),
    validation(
      mountPropagation,
      lines(
        "variables.containers.all(c, c.?volumeMounts.orValue([]).all(m,",
        "  m.?mountPropagation.orValue('None') in ['None', 'HostToContainer']",
        `  || (c.name in variables.trusted && m.mountPath in ${cel([...BIDIRECTIONAL_PATHS])} && m.name in variables.hostVolumes)))`,
      ),
    ),
    validation(
      noHostNamespaces,
      ["hostNetwork", "hostPID", "hostIPC"].map((key) => `!object.spec.?${key}.orValue(false)`).join(" && "),
    ),
    validation(
      noAddedCapabilities,
      "variables.containers.all(c, c.?securityContext.?capabilities.?add.orValue([]).size() == 0)",
    ),
    validation(noHostPorts, ports),
    validation(
      noPrivilegeEscalation,
      lines(
        "variables.containers.all(c, c.?securityContext.?privileged.orValue(false)",
        "  || !c.?securityContext.?allowPrivilegeEscalation.orValue(true))",
      ),
    ),
    ...defaultsValidations(),
  ];
}

/** One allowed node that the pod is pinned to by all it says. */
function pinned({ nodes }: Allowed): string {
  const pins = (list: string, key: string) =>
    `t.?${list}.orValue([]).all(r, r.key != '${key}' || (r.operator == 'In' && r.?values.orValue([]) == [n]))`;
  const names = (list: string, key: string) => `t.?${list}.orValue([]).exists(r, r.key == '${key}')`;
  const terms =
    "object.spec.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms.orValue([])";
  const selector = "object.spec.?nodeSelector[?'kubernetes.io/hostname'].orValue('')";
  return lines(
    `${cel(nodes)}.exists(n,`,
    "  object.spec.?nodeName.orValue(n) in [n, '']",
    `  && ${selector} in [n, '']`,
    `  && (${terms}.size() > 0 || object.spec.?nodeName.orValue('') == n || ${selector} == n)`,
    `  && ${terms}.all(t,`,
    `    (${names("matchFields", "metadata.name")} || ${names("matchExpressions", "kubernetes.io/hostname")})`,
    `    && ${pins("matchFields", "metadata.name")}`,
    `    && ${pins("matchExpressions", "kubernetes.io/hostname")}))`,
  );
}

function bridged(allowed: Allowed): string {
  const { bridge } = allowed;
  const parent = bridge.slice(0, bridge.lastIndexOf("/"));
  const harmless = HARMLESS_VOLUMES.map((key) => `has(v.${key})`);
  return lines(
    "variables.volumes.all(v, has(v.hostPath)",
    `  ? v.hostPath.path.matches(variables.sweeps ? ${cel(spelt([parent]))} : ${cel(spelt(bridgesOf(allowed)))})`,
    "    && v.hostPath.?type.orValue('') in ['', 'Directory', 'DirectoryOrCreate']",
    `  : ${harmless.join(" || ")})`,
  );
}

/** Devices of the node are claimed, or asked for as a resource of a name of their own. */
const devices = lines(
  "object.spec.?resourceClaims.orValue([]).size() == 0",
  "&& variables.containers.all(c, c.?resources.?claims.orValue([]).size() == 0",
  `  && c.?resources.?limits.orValue({}).all(k, k in ${cel([...PLAIN_RESOURCES])})`,
  `  && c.?resources.?requests.orValue({}).all(k, k in ${cel([...PLAIN_RESOURCES])}))`,
  ...["limits", "requests"].map(
    (part) => `&& object.?spec.?resources.?${part}.orValue({}).all(k, k in ${cel([...PLAIN_RESOURCES])})`,
  ),
);

/** Every spelling of these paths: empty and `.` parts mean nothing, anything else does. */
function spelt(paths: readonly string[]): string {
  const between = "/+(\\./+)*";
  const one = (path: string) =>
    path
      .split("/")
      .filter(Boolean)
      .map((part) => between + part.replaceAll(".", "\\."))
      .join("");
  return `^(${paths.map(one).join("|")})(${between}\\.?)?$`;
}

const calls = ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle.?postStart", "lifecycle.?preStop"].flatMap(
  (call) => ["httpGet", "tcpSocket"].map((how) => `c.?${call}.?${how}.?host.orValue('') == ''`),
);

const ports = lines(
  "variables.containers.all(c, c.?ports.orValue([]).all(p, p.?hostPort.orValue(0) == 0)",
  ...calls.map((call) => `  && ${call}`),
  ")",
);
