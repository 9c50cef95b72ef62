/** Ends a stack's run that --keep left, or that was killed: sweeps where that run took place, or gives it up. */
import { existsSync } from "node:fs";
import { MARKS } from "../../base/marks.ts";
import { ownerHere } from "../../components/owner.ts";
import { parseSettings, type Settings } from "../../core/settings/settings.ts";
import { givenSettings, type SettingsOptions } from "../options.ts";
import { EXIT } from "../run.ts";
import { claim, claimFile, forget, type Made, release } from "./claim.ts";

export interface EndOptions extends SettingsOptions {
  readonly forget?: boolean;
}

/**
 * @param sweep ends with the exit code
 * @throws UserError where the run lives
 */
export async function endRun(
  options: EndOptions,
  sweep: (settings: Settings) => Promise<number>,
  print: (line: string) => void,
): Promise<number> {
  const { stack } = options;
  const file = claimFile(stack);
  const made = claim(file, stack);
  const ended = () => {
    forget(stack);
    release(file);
  };
  try {
    if (options.forget) {
      for (const line of givenUp(stack, made)) print(line);
      ended();
      return EXIT.success;
    }
    if (made?.kind === "sandbox" && !existsSync(String(made.settings.kubeconfig))) {
      print(`${MARKS.note} stack ${stack}  its run went with its sandbox`);
      ended();
      return EXIT.success;
    }
    const given = givenSettings(options, made?.settings);
    const settings = parseSettings({ ...given, owner: given.owner || ownerHere(stack) });
    const code = await sweep(settings);
    const all = !made || placeOf(settings) === placeOf(parseSettings(made.settings));
    if (code === EXIT.success && all) ended();
    else if (made)
      print(
        `${MARKS.note} stack ${stack}  ${all ? `try again, or give the rest up: ${forgetting(stack)}` : stillThere(made)}`,
      );
    return code;
  } finally {
    if (!made) release(file);
  }
}

export const forgetting = (stack: string): string => `npm run sweep -- --stack ${stack} --forget`;

const stillThere = ({ settings }: Made): string =>
  `its own run, in the namespace ${settings.namespace}, is still there`;

const placeOf = ({ kubeconfig, context, namespace, bridge, nodes }: Settings): string =>
  JSON.stringify([kubeconfig, context, namespace, bridge, [...nodes].sort()]);

function givenUp(stack: string, made: Made | undefined): string[] {
  if (!made) return [`${MARKS.note} stack ${stack}  nothing is known of a run`];
  const { kubeconfig, context, namespace, bridge, nodes } = parseSettings(made.settings);
  return [
    `${MARKS.inconclusive} stack ${stack}  forgotten, not removed; if that cluster is there after all, these still are:`,
    `  cluster:   context ${context || "(current)"} of ${kubeconfig || "the kubeconfig"}`,
    `  namespace: ${namespace}, with its pods, and the admission policies for it`,
    `  nodes:     ${nodes.join(", ")}: what is mounted below ${bridge}, and that directory`,
  ];
}
