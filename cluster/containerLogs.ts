/** The probe's records of each life of each container, whichever way its log can still be had. */
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeConfig } from "@kubernetes/client-node";
import { type ProbeRecord, parseRecord } from "../core/contract/records.ts";
import type { ContainerFact } from "../core/evidence/evidence.ts";
import { followLog } from "./request.ts";

/** How long to wait before a log that is not served yet is asked for again, in milliseconds. */
const RETRY_MS = 100;
/** How often a log that the kubelet may have dropped already is asked for. */
const PREVIOUS_TRIES = 10;

interface Container {
  readonly pod: string;
  readonly uid: string;
  readonly container: ContainerFact;
}

/** Takes all that one life of the container has said so far, and whether that is all it will ever say. */
type OnRecords = (life: number, records: readonly ProbeRecord[], whole: boolean) => void;

export class ContainerLogs {
  private readonly begun = new Set<string>();
  private readonly known = new Map<string, readonly ProbeRecord[]>();
  private readonly config: KubeConfig;
  private readonly namespace: string;
  private readonly signal: AbortSignal;
  private readonly onProblem: (error: unknown) => void;

  constructor(config: KubeConfig, namespace: string, signal: AbortSignal, onProblem: (error: unknown) => void) {
    this.config = config;
    this.namespace = namespace;
    this.signal = signal;
    this.onProblem = onProblem;
  }

  /**
   * Reads the log of the container's present life, and of the one before it, once each.
   *
   * @param current the container as it stands now; undefined when there is no such pod any more
   */
  read(of: Container, current: () => ContainerFact | undefined, onRecords: OnRecords): void {
    const { restarts = 0, state, last } = of.container;
    // One that has ended, and cannot be made again, waits with the log of its only life.
    const hasLog = state !== "waiting" || (restarts === 0 && last !== undefined);
    // That it was restarted may be known before anybody could follow it.
    if (restarts > 0) this.once(of, restarts - 1, true, () => this.previous(of, restarts - 1, onRecords));
    if (hasLog) this.once(of, restarts, false, () => this.follow(of, restarts, current, onRecords));
  }

  private once({ pod, uid, container }: Container, life: number, previous: boolean, begin: () => Promise<void>) {
    const key = [pod, uid, container.name, life, previous].join(" ");
    if (this.begun.has(key)) return;
    this.begun.add(key);
    void begin();
  }

  private async previous(of: Container, life: number, onRecords: OnRecords): Promise<void> {
    for (let tries = 0; tries < PREVIOUS_TRIES && !this.signal.aborted; tries++) {
      const records: ProbeRecord[] = [];
      try {
        await followLog(this.config, this.source(of, true), this.signal, (line) => take(line, records));
      } catch {
        // What nobody has any more is no problem of the connection.
      }
      if (records.length > 0) {
        // What stands here of another life is the next one's: see below.
        const known = this.known.get(keyOf(of, life)) ?? [];
        if (!sameLife(known, records) || records.length > known.length) this.report(of, life, records, onRecords);
        return;
      }
      await sleep(RETRY_MS, undefined, { signal: this.signal }).catch(() => undefined);
    }
  }

  private async follow(
    of: Container,
    life: number,
    current: () => ContainerFact | undefined,
    onRecords: OnRecords,
  ): Promise<void> {
    while (!this.signal.aborted) {
      const records: ProbeRecord[] = [];
      let whole = true;
      try {
        const onLine = (line: string) => {
          if (!take(line, records)) return;
          const known = this.known.get(keyOf(of, life));
          // The log of the life before may have been served once more, until the runtime had this one's.
          const before = this.known.get(keyOf(of, life - 1));
          const isOld = known !== undefined && before !== undefined && sameLife(known, before);
          // The next life's log, served before its pod's status said that there is one: it is followed by itself. And
          // what is read again after a broken connection takes nothing back.
          if (known && !isOld && (!sameLife(known, records) || known.length > records.length)) return;
          this.report(of, life, records, onRecords);
        };
        // That a log is served is worth knowing, also while it is empty.
        const onServed = () => onRecords(life, this.known.get(keyOf(of, life)) ?? [], false);
        await followLog(this.config, this.source(of, false), this.signal, onLine, onServed);
      } catch (error) {
        whole = false;
        this.onProblem(error);
      }
      // A log that ends while its container runs was a broken connection: read it again, from its beginning. One that
      // was not served at all is asked for again, for as long as there is such a pod.
      const state = current();
      if (state === undefined || (state.restarts ?? 0) !== life) return;
      if (whole && state.state !== "running") {
        onRecords(life, this.known.get(keyOf(of, life)) ?? records, true);
        return;
      }
      await sleep(RETRY_MS, undefined, { signal: this.signal }).catch(() => undefined);
    }
  }

  private report(of: Container, life: number, records: readonly ProbeRecord[], onRecords: OnRecords) {
    this.known.set(keyOf(of, life), records);
    onRecords(life, records, false);
  }

  private source({ pod, container }: Container, previous: boolean) {
    return { namespace: this.namespace, pod, container: container.name, previous };
  }
}

const keyOf = ({ pod, uid, container }: Container, life: number) => [pod, uid, container.name, life].join(" ");

function take(line: string, records: ProbeRecord[]): boolean {
  const record = parseRecord(line);
  if (record) records.push(record);
  return record !== undefined;
}

/** Whether two readings are of one log: they begin with the same record. */
const sameLife = (known: readonly ProbeRecord[], records: readonly ProbeRecord[]): boolean =>
  known[0]?.uptime === records[0]?.uptime;
