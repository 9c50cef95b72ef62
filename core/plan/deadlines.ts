/** Which of an operator's times contradict each other, each fine by itself: such a run would not be seen to its end. */
import { scenariosIn } from "../contract/scenarios.ts";
import type { Settings } from "../settings/settings.ts";

export function deadlineFaults(settings: Settings): { readonly key: keyof Settings; readonly remedy: string }[] {
  const { markerWaitSeconds, settleSeconds, inspectionMinutes, collectSeconds } = settings;
  const parts = scheduled(settings);
  const seconds = parts.reduce((sum, key) => sum + settings[key], 0);
  const schedule = `${seconds} s of the schedule, ${parts.map((key) => `${key} = ${settings[key]}`).join(" + ")}`;
  const shorter = parts.length > 1 ? "shorten these" : `lower ${parts[0]}`;
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

/** What the base pair waits for, whatever the node is like; see probe/producer.sh. */
function scheduled(settings: Settings) {
  return scenariosIn(settings).includes("daemon-crash")
    ? (["settleSeconds", "holdSeconds", "staleSeconds", "recoverSeconds"] as const)
    : (["settleSeconds"] as const);
}
