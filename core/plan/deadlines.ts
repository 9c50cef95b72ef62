/** Which of an operator's times contradict each other, each fine by itself: such a run would not be seen to its end. */
import type { Times } from "../contract/times.ts";
import { type PlanSettings, scenariosIn } from "./plan.ts";
import { baseSteps, sumOf } from "./schedule.ts";

export function deadlineFaults(settings: PlanSettings): { readonly key: keyof Times; readonly remedy: string }[] {
  const { markerWaitSeconds, settleSeconds, inspectionMinutes, collectSeconds } = settings;
  const steps = baseSteps(scenariosIn(settings));
  const seconds = sumOf(settings, steps);
  const schedule = `${seconds} s of the schedule, ${steps.map((key) => `${key} = ${settings[key]}`).join(" + ")}`;
  const shorter = steps.length > 1 ? "shorten these" : `lower ${steps[0]}`;
  const faults: ReturnType<typeof deadlineFaults> = [];
  if (markerWaitSeconds <= settleSeconds)
    faults.push({
      key: "markerWaitSeconds",
      remedy: `nothing is mounted before settleSeconds = ${settleSeconds} are over: give more, or lower settleSeconds`,
    });
  if (inspectionMinutes * 60 <= seconds)
    faults.push({
      key: "inspectionMinutes",
      remedy: `the consumer would end within the ${schedule}: give ${Math.floor(seconds / 60) + 1} or more, or ${shorter}`,
    });
  if (collectSeconds <= seconds)
    faults.push({
      key: "collectSeconds",
      remedy: `it would end within the ${schedule}: give more than ${seconds}, or ${shorter}`,
    });
  return faults;
}
