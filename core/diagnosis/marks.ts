/** Which records of the producer mark its crash and its second mount: what readers saw is measured from them. */
import { isStep, type ProbeRecord, type RecordOf, type Step } from "../contract/records.ts";

/** The unmount comes before the producer's word of it: a look that failed this shortly before may have met it. In seconds. */
const UNMOUNT_SECONDS = 0.5;

export interface Marks {
  /** Those of the mounts before the crash. */
  readonly before: readonly RecordOf<"marker">[];
  /** When the daemon died, or began to hang. */
  readonly crashed?: number;
  /** The second mount: after the crash, and after the dead one was taken away. */
  readonly again?: {
    /** When the dead mount was gone: whoever began to look later sees it no more. */
    readonly from: number;
    readonly mount: RecordOf<"mount">;
    readonly marker: RecordOf<"marker">;
    /** When it was over for certain; undefined while it lasts. */
    readonly until?: number;
    /** Until when it was served for certain. */
    readonly served?: number;
  };
}

export const isOk =
  <S extends Step>(step: S) =>
  (record: ProbeRecord): record is RecordOf<S> =>
    record.step === step && record.result === "ok";

/** What ends a mount, or shows that it has ended. */
const endsMount = (record: ProbeRecord): boolean =>
  isStep(record, "unmount-in-order", "unmount", "finish", "mount") || tellsDeath(record);

/** The daemon has died, or its container was started again: that is noticed later, and nobody knows by how much. */
const tellsDeath = (record: ProbeRecord): boolean =>
  isStep(record, "identity", "preflight") || (record.step === "daemon" && record.result === "error");

export function marksOf(producer: readonly ProbeRecord[]): Marks {
  const markers = producer.filter(isOk("marker"));
  const crash = producer.find(isOk("crash"));
  if (!crash) return { before: markers };
  const crashed = at(crash);
  const marks = { before: markers.filter(({ uptime }) => uptime < crashed), crashed };
  // The next life of a container that died with its daemon meets the mount as one that was left.
  const cleaned = producer.find((one) => (isOk("clean")(one) || isOk("stale")(one)) && one.uptime >= crash.uptime);
  const mount = cleaned && producer.filter(isOk("mount")).find(({ uptime }) => uptime >= cleaned.uptime);
  const after = mount && producer.slice(producer.indexOf(mount) + 1);
  const end = after?.find(endsMount);
  const lasting = after?.slice(0, end && after.indexOf(end)) ?? [];
  const marker = lasting.find(isOk("marker"));
  if (!cleaned || !mount || !marker || isPreceded(producer.slice(0, producer.indexOf(mount)), cleaned)) return marks;
  const again = { from: cleaned.uptime, mount, marker };
  if (!end) return { ...marks, again };
  const served = tellsDeath(end) ? (lasting.at(-1) ?? marker).uptime : end.uptime - UNMOUNT_SECONDS;
  return { ...marks, again: { ...again, until: end.uptime, served } };
}

/** Whether a daemon that was started since had mounted and died with its container, before anybody recorded it: that was the next mount. */
function isPreceded(before: readonly ProbeRecord[], cleaned: ProbeRecord): boolean {
  const since = before.slice(before.indexOf(cleaned) + 1);
  const started = since.findIndex(({ step }) => step === "daemon");
  return started >= 0 && since.slice(started).some(isOk("stale"));
}

/** When the daemon got its signal; the record comes when the producer has seen what that did. */
const at = ({ at: given, uptime }: RecordOf<"crash">): number => (given === undefined ? uptime : Number(given));
