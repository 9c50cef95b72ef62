/** What became of many mounts below one bridge: who saw how many of them, and what they cost in each mount table. Pure. */
import { type AnyRole, CONTROL, READERS } from "../contract/readers.ts";
import type { RecordOf } from "../contract/records.ts";
import type { Evidence } from "../evidence/evidence.ts";

export interface ManyMounts {
  /** How many there were to be. */
  readonly asked: number;
  /** How many the producer mounted, and its daemons' words where that is not all. */
  readonly mounted: number;
  readonly detail?: string;
  /** By role: producer, control, default, hardened. */
  readonly tables: Readonly<Record<string, SeenMounts>>;
}

/** What one container saw. */
export interface SeenMounts {
  /** How many at once, at most. */
  readonly seen: number;
  /** How many of these it could read; undefined where it did not try. */
  readonly readable?: number;
  /** Whether nothing is known of it since all were mounted: it may have stopped looking before. */
  readonly leftEarly?: true;
  /** How many mounts came while it looked, and how many lines its mount table has grown by meanwhile. */
  readonly came: number;
  readonly grown: number;
}

/** @param evidence as `believed` gives it; undefined where there were not to be many, or the producer has not reported yet */
export function manyMountsOf({ records }: Evidence): ManyMounts | undefined {
  const of = (role: AnyRole) =>
    records.filter((record): record is RecordOf<"many"> => record.step === "many" && record.role === role);
  const counted = of("producer").findLast(({ result }) => result !== "info");
  if (!counted) return undefined;
  const roles = ["producer", CONTROL.role, ...READERS] as const;
  const tables = roles.flatMap((role) => {
    const found = seenBy(of(role));
    const stayed = records.some((record) => record.role === role && record.uptime > counted.uptime + COME_SECONDS);
    return found ? [[role, { ...found, ...(stayed ? {} : { leftEarly: true as const }) }] as const] : [];
  });
  return {
    asked: Number(counted.asked),
    mounted: Number(counted.seen),
    ...(counted.detail ? { detail: counted.detail } : {}),
    tables: Object.fromEntries(tables),
  };
}

/** Mounts propagate at once; a look that meets them takes longer on a busy node. In seconds. */
const COME_SECONDS = 1;

function seenBy(looks: readonly RecordOf<"many">[]): SeenMounts | undefined {
  const [first] = looks;
  if (!first) return undefined;
  const most = looks.reduce((best, look) => (Number(look.seen) > Number(best.seen) ? look : best));
  return {
    seen: Number(most.seen),
    ...(most.readable === undefined ? {} : { readable: Number(most.readable) }),
    came: Number(most.seen) - Number(first.seen),
    grown: Number(most.table) - Number(first.table),
  };
}

/** Why it is not known whether all are seen, or that they are not; undefined where they are. */
export function manyMountsFault(
  found: ManyMounts | undefined,
): { readonly open: boolean; readonly words: string } | undefined {
  if (!found) return { open: true, words: "the producer has not reported how many it mounted." };
  const { asked, mounted, detail, tables } = found;
  if (mounted < asked)
    return { open: true, words: `the producer has mounted ${mounted} of ${asked}${detail ? `: ${detail}` : ""}.` };
  const silent = [CONTROL.role, ...READERS].find((role) => tables[role] === undefined);
  if (silent) return { open: true, words: `the container ${silent} has not reported how many it sees.` };
  for (const role of READERS) {
    const { seen = 0, readable = 0, leftEarly } = tables[role] ?? {};
    if (seen < asked && leftEarly)
      return {
        open: true,
        words: `the reader ${role} saw ${seen} of ${asked}, and looked no more when all were mounted.`,
      };
    if (readable < asked)
      return { open: false, words: `The reader ${role} sees ${seen} of ${asked} mounts, and reads ${readable}.` };
  }
  const grown = Object.entries(tables).find(([, table]) => table.grown !== table.came);
  return (
    grown && {
      open: false,
      words: `The mount table of ${grown[0]} has grown by ${grown[1].grown} lines for ${grown[1].came} mounts.`,
    }
  );
}

/** What they cost, for people. */
export function manyMountsCost({ asked, tables }: ManyMounts): string {
  const grown = Object.entries(tables).map(([role, table]) => `${role} ${table.grown}`);
  return `${asked} mounts; lines that came to each mount table: ${grown.join(", ")} (the producer had its first one by then).`;
}
