/** etcd, API server, controller manager and scheduler: their options, and the order in which they start. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { step } from "../../base/progress.ts";
import { until } from "../../base/stop.ts";
import { type Box, configDirectory, inBox, notReady, requireAlive, startDaemon } from "../box/box.ts";
import { addresses } from "../box/network.ts";
import type { ToolPaths } from "../build/kubernetes.ts";
import type { Api } from "./api.ts";
import { auditLog, auditPolicy } from "./audit.ts";
import { renderKubeconfig, type Secrets } from "./pki.ts";

type ControlPlaneCommands = Readonly<Record<"etcd" | "apiserver" | "controllers" | "scheduler", readonly string[]>>;

/** Program and options of each daemon. Part of the fingerprint. */
export function controlPlaneCommands(paths: ToolPaths): ControlPlaneCommands {
  return {
    // It listens on the box's loopback only, and its data is in memory: nothing to encrypt, nothing to sync.
    etcd: [
      paths.etcd,
      "--data-dir=/var/lib/etcd",
      "--unsafe-no-fsync",
      "--log-level=warn",
      // A single member waits a full election timeout before it leads itself.
      "--heartbeat-interval=50",
      "--election-timeout=250",
    ],
    apiserver: [
      paths["kube-apiserver"],
      "--etcd-servers=http://127.0.0.1:2379",
      `--bind-address=${addresses.control}`,
      `--advertise-address=${addresses.control}`,
      `--tls-cert-file=${inBox.config}/apiserver.crt`,
      `--tls-private-key-file=${inBox.config}/apiserver.key`,
      `--client-ca-file=${inBox.config}/ca.crt`,
      `--token-auth-file=${inBox.config}/tokens.csv`,
      "--authorization-mode=Node,RBAC",
      "--enable-admission-plugins=NodeRestriction",
      "--allow-privileged=true",
      "--service-cluster-ip-range=10.96.0.0/16",
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${inBox.config}/accounts.pub`,
      `--service-account-signing-key-file=${inBox.config}/accounts.key`,
      `--kubelet-client-certificate=${inBox.config}/kubelet-client.crt`,
      `--kubelet-client-key=${inBox.config}/kubelet-client.key`,
      // Node names do not resolve here; without this `kubectl logs` fails.
      "--kubelet-preferred-address-types=InternalIP",
      `--audit-policy-file=${inBox.config}/audit.json`,
      `--audit-log-path=${auditLog}`,
      "--profiling=false",
    ],
    controllers: [
      paths["kube-controller-manager"],
      `--kubeconfig=${inBox.config}/controllers.kubeconfig`,
      "--leader-elect=false",
      "--bind-address=127.0.0.1",
      `--service-account-private-key-file=${inBox.config}/accounts.key`,
      `--root-ca-file=${inBox.config}/ca.crt`,
      // Its default of 5 s is how long a taint may outlive its cause, and a node that is ready takes no pods till then.
      "--node-monitor-period=500ms",
      "--kube-api-qps=200",
      "--kube-api-burst=400",
      "--profiling=false",
    ],
    scheduler: [
      paths["kube-scheduler"],
      `--kubeconfig=${inBox.config}/scheduler.kubeconfig`,
      "--leader-elect=false",
      "--bind-address=127.0.0.1",
      "--profiling=false",
    ],
  };
}

/** Returns once the API server is ready. @throws SandboxError, with the log of the one that failed, after a minute at most */
export async function startControlPlane(
  box: Box,
  commands: ControlPlaneCommands,
  secrets: Secrets,
  api: Api,
): Promise<void> {
  for (const who of ["controllers", "scheduler"] as const) {
    writeFileSync(join(configDirectory("control"), `${who}.kubeconfig`), renderKubeconfig(secrets, who, "sandbox"));
  }
  writeFileSync(join(configDirectory("control"), "audit.json"), auditPolicy);
  const etcd = startDaemon(box, "etcd", commands.etcd);
  // It retries etcd by itself, and most of its start needs no etcd.
  const apiserver = startDaemon(box, "apiserver", commands.apiserver);
  const whileAlive = async (question: () => Promise<boolean>) => {
    for (const daemon of [etcd, apiserver]) requireAlive(daemon);
    return question();
  };
  const limits = { every: 50, within: 60_000, late: () => notReady(apiserver) };
  await step("API server ready", async () => {
    await until(() => whileAlive(api.answers), limits);
    startDaemon(box, "controllers", commands.controllers);
    startDaemon(box, "scheduler", commands.scheduler);
    await until(() => whileAlive(api.ready), limits);
  });
}
