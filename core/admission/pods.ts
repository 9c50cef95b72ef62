/** The rules of a pod, in CEL. Fields are read with `?.`, so that a missing one is no error, which would deny everything. */

import { PRODUCER } from "../manifests/names.ts";
import { literal } from "../manifests/ownDaemon.ts";
import { type Allowed, BIDIRECTIONAL_PATHS, bridgesOf } from "../rules/allowed.ts";
import { bridgeHostpathOnly } from "../rules/bridgeHostpathOnly.ts";
import { mountPropagation } from "../rules/mountPropagation.ts";
import { noAddedCapabilities } from "../rules/noAddedCapabilities.ts";
import { noHostNamespaces } from "../rules/noHostNamespaces.ts";
import { noHostPorts } from "../rules/noHostPorts.ts";
import { noPrivilegeEscalation } from "../rules/noPrivilegeEscalation.ts";
import { pinnedToTestNode } from "../rules/pinnedToTestNode.ts";
import { privilegedProducerOnly } from "../rules/privilegedProducerOnly.ts";
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
  const idle = ["args", "lifecycle", "livenessProbe", "readinessProbe", "startupProbe", "envFrom", "volumeDevices"]
    .map((key) => `!has(c.${key})`)
    .join(" && ");
  const producer = lines(
    `(variables.name in ${named(PRODUCER, allowed)} && c.name == ${cel(PRODUCER)}`,
    `  && c.?command.orValue([]) == ["sh", "/probe/producer.sh"] && ${daemon(allowed)}`,
    `  && ${probed})`,
  );
  const script = allowed.scripts?.["sweep.sh"];
  const sweep = lines(
    `(variables.name in ${named("fuse-sweep-unmount", allowed)} && c.name == "sweep"`,
    "  && c.?command.orValue([]).size() == 5 && c.command[0] == 'sh' && c.command[1] == '-c'",
    `  && c.command[3] == 'sweep' && c.command[4] == 'unmount'${script === undefined ? "" : ` && c.command[2] == ${cel(script)}`})`,
  );
  const either = allowed.sweep ? lines(producer, `|| ${sweep}`) : producer;
  return lines(`object.spec.containers.filter(c, ${idle} && (`, either, ")).map(c, c.name)");
}

/** The probe runs what COMMAND holds. */
const daemon = ({ command }: Allowed): string =>
  `c.?env.orValue([]).all(e, e.name != 'COMMAND'${command ? ` || e.?value.orValue('') == ${cel(literal(command))}` : ""})`;

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
  const harmless = ["emptyDir", "configMap", "secret", "downwardAPI", "projected"].map((key) => `has(v.${key})`);
  return lines(
    "variables.volumes.all(v, has(v.hostPath)",
    `  ? v.hostPath.path.matches(variables.sweeps ? ${cel(spelt([parent]))} : ${cel(spelt(bridgesOf(allowed)))})`,
    "    && v.hostPath.?type.orValue('') in ['', 'Directory', 'DirectoryOrCreate']",
    `  : ${harmless.join(" || ")})`,
  );
}

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
