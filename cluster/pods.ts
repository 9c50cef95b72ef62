/** What is asked of pods in more than one place. */
import type { CoreV1Api } from "@kubernetes/client-node";
import { until } from "../base/stop.ts";
import { except } from "./connect.ts";

const POLL_MS = 100;

/**
 * Waits until the pod of this uid is gone: another may have its name by then.
 *
 * @param within milliseconds
 * @returns whether it went in time
 */
export async function podGone(
  api: CoreV1Api,
  target: { readonly namespace: string; readonly name: string },
  uid: string,
  within: number,
): Promise<boolean> {
  const gone = async () => {
    const found = await api.readNamespacedPod(target).catch(except([404], undefined));
    return found?.metadata?.uid !== uid;
  };
  return (await until(gone, { every: POLL_MS, within })) ?? false;
}

/** Whether a container that waits for this reason will go on to wait: no image, or none that the runtime can start. */
export const isStuck = (reason: string): boolean => /BackOff|Err|Invalid/.test(reason);
