import { PROBE_CONFIG_MAP } from "../contract/names.ts";
import type { Allowed } from "./allowed.ts";
import { celLiteral, lines } from "./cel.ts";
import {
  PROBE_MOUNT,
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
  const known = privilegedContainers(allowed)
    .filter(({ role }) => mayExist(role, allowed))
    .map((one) => {
      const conditions = [
        `variables.name in ${celLiteral(podNames(one.role, allowed))} && c.name == ${celLiteral(one.name)}`,
        commandInCel(one),
        environmentInCel(one),
        mountsInCel(one),
        ...(one.probe ? [PROBE_IN_CEL] : []),
      ];
      return `(${conditions.join("\n  && ")})`;
    });
  return lines(`object.spec.containers.filter(c, ${idle} && (`, known.join("\n|| "), ")).map(c, c.name)");
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
  const known = Object.entries(mounts).map(([path, sources]) => {
    const volume = sources.map((source) => `has(v.${source})`).join(" || ");
    return `(m.mountPath == ${celLiteral(path)} && variables.volumes.exists(v, v.name == m.name && (${volume})))`;
  });
  return `c.?volumeMounts.orValue([]).all(m, ${known.join("\n    || ")})`;
}

const PROBE_IN_CEL = lines(
  `c.?volumeMounts.orValue([]).filter(m, (m.mountPath + '/').startsWith('${PROBE_MOUNT}/')).size() == 1`,
  `  && c.volumeMounts.exists(m, m.mountPath == '${PROBE_MOUNT}' && !has(m.subPath) && !has(m.subPathExpr)`,
  `    && variables.volumes.exists(v, v.name == m.name && v.?configMap.?name.orValue('') == '${PROBE_CONFIG_MAP}'`,
  "      && !has(v.configMap.items)))",
);
