/** Where a command runs for an image without a shell: an ephemeral container among the processes of its own. It stays until its pod goes. */
import {
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1EphemeralContainer,
} from "@kubernetes/client-node";
import { until } from "../../base/stop.ts";
import type { LivePod, Unread } from "../../core/live/facts.ts";
import { reasonOf } from "../connect.ts";
import { isStuck } from "../pods.ts";
import type { ExecTarget } from "./look.ts";

/** How long its image may take to come, in milliseconds. */
const PATIENCE_MS = 60_000;
const POLL_MS = 250;
/** It ends by itself. */
const SECONDS = 120;

/**
 * Whose mount namespace it is, is known by its first process: so the pod's containers must not share theirs. It runs as the container
 * at which it looks, since the kernel shows nobody else's mount table to any other user.
 */
export async function addEphemeralContainer(
  config: KubeConfig,
  image: string,
  pod: LivePod,
  target: string,
): Promise<ExecTarget | Unread> {
  const refused = (words: string): Unread => ({
    words,
    remedy: "look at the pod with `kubectl describe`, or name another image: --allow-ephemeral IMAGE",
  });
  if (pod.pod.spec?.shareProcessNamespace)
    return refused(
      "its image has no cat, and the pod's containers share their processes, so an ephemeral one cannot tell them apart",
    );
  const { namespace, name } = pod;
  const container = `diagnose-${target}-${Date.now().toString(36)}`.slice(0, 63);
  const own = [...(pod.pod.spec?.containers ?? []), ...(pod.pod.spec?.initContainers ?? [])].find(
    (one) => one.name === target,
  );
  const { runAsUser, runAsGroup } = pod.pod.spec?.securityContext ?? {};
  const ephemeral: V1EphemeralContainer = {
    name: container,
    image,
    targetContainerName: target,
    command: ["sleep", String(SECONDS)],
    securityContext: {
      ...(runAsUser === undefined ? {} : { runAsUser }),
      ...(runAsGroup === undefined ? {} : { runAsGroup }),
      ...own?.securityContext,
    },
  };
  const api = config.makeApiClient(CoreV1Api);
  try {
    await api.patchNamespacedPodEphemeralcontainers(
      { namespace, name, body: { spec: { ephemeralContainers: [ephemeral] } } },
      setHeaderOptions("Content-Type", PatchStrategy.StrategicMergePatch),
    );
    let words = "";
    const started = async (): Promise<ExecTarget | Unread | false> => {
      const { status } = await api.readNamespacedPod({ namespace, name });
      const state = status?.ephemeralContainerStatuses?.find((one) => one.name === container)?.state;
      if (state?.running) return { namespace, pod: name, container, process: "1" };
      if (state?.terminated)
        return refused(
          `the ephemeral container has ended: ${state.terminated.reason} ${state.terminated.message ?? ""}`,
        );
      words = state?.waiting?.message ?? words;
      return isStuck(state?.waiting?.reason ?? "") && refused(`the ephemeral container does not start: ${words}`);
    };
    return (
      (await until(started, { every: POLL_MS, within: PATIENCE_MS })) ??
      refused(`the ephemeral container has not started within ${PATIENCE_MS / 1000} s`)
    );
  } catch (error) {
    return refused(`no ephemeral container can be added: ${reasonOf(error)}`);
  }
}
