/** What a grade says, as it really was. */
import { GRADED, type ReplacementWay } from "../../core/contract/replacement.ts";
import { END, type Look, type OwnMount, type World } from "./world.ts";

const READERS = ["default", "hardened"] as const;
/** How long a reader that was not back must have looked at the marker of a new pod: see core/diagnosis/replacements.ts. */
const BACK_SECONDS = 3;

/** The crash that the schedule means, and the next mount. */
function recovery({ truth, variation }: World) {
  const crash = truth.deaths.find(({ by }) => by === (variation.fault === "hang" ? "hang" : "schedule"));
  if (!crash) return undefined;
  const second = truth.mounts.find(({ at: from }) => from > crash.at);
  return second?.markedAt !== undefined ? { crash, second } : undefined;
}

/** Why grade A is none; undefined where it is. */
export function notA(world: World): string | undefined {
  const found = recovery(world);
  if (!found) return "there was no crash, or no second mount with its marker";
  const { looks, mounts } = world.truth;
  const { second, crash } = found;
  for (const role of READERS) {
    const seen = (look: Look) =>
      look.at < crash.at && mounts.some(({ nonce, fs }) => fs === look.fs && nonce === look.nonce);
    if (!looks[role].some(seen)) return `${role} never saw a mount before the crash`;
    const back = backOf(looks[role], second);
    if (!back) return `${role} never read the second mount's marker`;
    if (isRestarted(world, role, crash.at, back)) return `${role} was restarted before it was back`;
  }
  if (world.plan.asked === "no" || !(world.plan.scenario === "base" || world.plan.scenario === "no-crash"))
    return undefined;
  return GRADED.map((way) => notSurvived(world, way)).find((one) => one !== undefined);
}

/** Why grade B is none; undefined where it is. */
export function notB(world: World): string | undefined {
  const { replacements } = world.truth;
  if (replacements.some((_, nth) => READERS.some((role) => isLost(world, nth, role)))) return undefined;
  const found = recovery(world);
  if (!found) return "there was no crash, or no second mount with its marker";
  const { looks } = world.truth;
  const { second, crash } = found;
  const lost = READERS.some((role) => {
    const back = backOf(looks[role], second);
    if (back) return isRestarted(world, role, crash.at, back);
    return looks[role].some((look) => look.at > (second.markedAt ?? 0) && look.at < (second.end ?? END));
  });
  return lost ? undefined : "every reader was back without a restart, or had no time to look";
}

function notSurvived(world: World, way: ReplacementWay): string | undefined {
  const { truth } = world;
  const nth = truth.replacements.findIndex((one) => one.way === way);
  const [begun, mount] = [truth.replacements[nth], mountOf(world, nth)];
  if (!begun || mount?.markedAt === undefined) return `the pod was not ${way}, or the next had no mount with a marker`;
  for (const role of READERS) {
    const back = backOf(truth.looks[role], mount);
    if (!back) return `${role} never read the marker of the pod after that which was ${way}`;
    if (isRestarted(world, role, begun.at, back)) return `${role} was restarted before it was back: ${way}`;
  }
  return undefined;
}

/** Whether a reader had the time to look at the next pod's marker, and did not read it, or only after a restart. */
function isLost(world: World, nth: number, role: (typeof READERS)[number]): boolean {
  const { truth } = world;
  const [begun, mount] = [truth.replacements[nth], mountOf(world, nth)];
  if (!begun || mount?.markedAt === undefined) return false;
  const from = mount.markedAt + BACK_SECONDS;
  const back = backOf(truth.looks[role], mount);
  if (back) return isRestarted(world, role, begun.at, back);
  return truth.looks[role].some(({ at }) => at >= from && at < (mount.end ?? END));
}

/** The mount of the pod that took the place of the nth. */
function mountOf({ truth }: World, nth: number): OwnMount | undefined {
  const [begun, next] = [truth.replacements[nth], truth.replacements[nth + 1]];
  return begun && truth.mounts.find(({ at }) => at > begun.at && at < (next?.at ?? END));
}

const isRestarted = ({ truth }: World, role: (typeof READERS)[number], from: number, back: Look): boolean =>
  truth.births[role].some((born) => born > from && born < back.at);

const backOf = (looks: readonly Look[], mount: OwnMount): Look | undefined =>
  looks.find(({ fs, nonce, failed }) => !failed && fs === mount.fs && nonce !== undefined && nonce === mount.nonce);
