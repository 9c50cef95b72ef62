import { PROBE_CONFIG_MAP } from "../contract/names.ts";
import type { Allowed } from "./allowed.ts";
import { celLiteral, lines } from "./cel.ts";
import {
  PROBE_DIRECTORY,
  type PrivilegedContainer,
  privilegedContainers,
  SCRIPT,
  TERMINATION_PATH,
  UNNEEDED,
} from "./privilegedContainers.ts";
import { mayExist, podNames } from "./roles.ts";

/** In CEL, the names of the pod's containers that may be privileged: what privilegeFault says. They are unique in a pod. */
export function trustedContainers(allowed: Allowed): string {
  const idle = [
    ...UNNEEDED.map((key) => `!has(c.${key})`),
    `c.?terminationMessagePath.orValue('${TERMINATION_PATH}') in ['', '${TERMINATION_PATH}']`,
    "!object.spec.?shareProcessNamespace.orValue(false)",
  ].join(" && ");
  const known = (list: PrivilegedContainer["list"]) =>
    privilegedContainers(allowed)
      .filter((one) => one.list === list && mayExist(one.role, allowed))
      .map((one) => {
        const conditions = [
          `variables.name in ${celLiteral(podNames(one.role, allowed))} && c.name == ${celLiteral(one.name)}`,
          ...(list === "initContainers" ? ["c.?restartPolicy.orValue('') == 'Always'"] : []),
          commandInCel(one),
          environmentInCel(one),
          mountsInCel(one),
          ...(one.probe ? [PROBE_IN_CEL] : []),
        ];
        return `(${conditions.join("\n  && ")})`;
      });
  const names = (containers: string, list: PrivilegedContainer["list"]) =>
    lines(`${containers}.filter(c, ${idle} && (`, known(list).join("\n|| "), ")).map(c, c.name)");
  return lines(names("object.spec.containers", "containers"), `+ ${names("variables.init", "initContainers")}`);
}

/** In CEL, whether a mount `m` of a trusted container `c` may be Bidirectional: what propagationFault says. */
export function bothWaysInCel(allowed: Allowed): string {
  const known = privilegedContainers(allowed)
    .filter(({ role }) => mayExist(role, allowed))
    .flatMap(({ name, bothWays }) =>
      Object.entries(bothWays).map(
        ([path, sources]) =>
          `(c.name == ${celLiteral(name)} && m.mountPath == ${celLiteral(path)} && ${isFrom(sources)})`,
      ),
    );
  return `(${known.join("\n    || ")})`;
}

function commandInCel({ command, script }: PrivilegedContainer): string {
  const words = command.map((word) => (word === SCRIPT ? script : word));
  const known = words.flatMap((word, index) =>
    word === undefined ? [] : [`c.command[${index}] == ${celLiteral(word)}`],
  );
  return [`c.?command.orValue([]).size() == ${words.length}`, ...known].join(" && ");
}

/** Variables with the same values share a condition. */
function environmentInCel({ environment }: PrivilegedContainer): string {
  const groups = Map.groupBy(Object.entries(environment), ([, value]) => value);
  const known = [...groups].map(([value, variables]) => {
    const name = `e.name in ${celLiteral(variables.map(([one]) => one))}`;
    if ("equals" in value) return `(${name} && e.value == ${celLiteral(value.equals)})`;
    const butNot = value.butNot === undefined ? "" : ` && !e.value.matches(${celLiteral(value.butNot)})`;
    return `(${name} && e.value.matches(${celLiteral(value.matches)})${butNot})`;
  });
  return `c.?env.orValue([]).all(e, has(e.value) && (${known.join("\n    || ")}))`;
}

function mountsInCel({ mounts }: PrivilegedContainer): string {
  const known = Object.entries(mounts).map(
    ([path, sources]) => `(m.mountPath == ${celLiteral(path)} && ${isFrom(sources)})`,
  );
  return `c.?volumeMounts.orValue([]).all(m, ${known.join("\n    || ")})`;
}

/** In CEL, whether a mount `m` is of a volume of one of these kinds. */
const isFrom = (sources: readonly string[]): string =>
  `variables.volumes.exists(v, v.name == m.name && (${sources.map((source) => `has(v.${source})`).join(" || ")}))`;

const PROBE_IN_CEL = lines(
  `c.?volumeMounts.orValue([]).filter(m, (m.mountPath + '/').startsWith('${PROBE_DIRECTORY}/')).size() == 1`,
  `  && c.volumeMounts.exists(m, m.mountPath == '${PROBE_DIRECTORY}' && !has(m.subPath) && !has(m.subPathExpr)`,
  `    && variables.volumes.exists(v, v.name == m.name && v.?configMap.?name.orValue('') == '${PROBE_CONFIG_MAP}'`,
  "      && !has(v.configMap.items)))",
);
