/** Whether the cluster that the settings name is there, and lets us make what the test needs: asked before anything is made. */
import { AuthorizationV1Api, type KubeConfig } from "@kubernetes/client-node";
import { UserError } from "../base/problem.ts";
import type { Settings } from "../core/settings/settings.ts";
import { connect, requireAnswer } from "./connect.ts";

/** @throws UserError naming what is wrong: the kubeconfig, the context, the cluster, or the rights of its user */
export async function requireReach(
  settings: Pick<Settings, "kubeconfig" | "context" | "namespace">,
): Promise<KubeConfig> {
  const config = connect(settings);
  await requireAnswer(config);
  const { namespace } = settings;
  const [namespaces, ...within] = await Promise.all([
    mayCreate(config, "namespaces"),
    mayCreate(config, "configmaps", namespace),
    mayCreate(config, "pods", namespace),
  ]);
  const missing = ["configmaps", "pods"].filter((_, index) => !within[index]);
  const there = missing.length > 0 ? `${missing.join(" and ")} in the namespace ${namespace}` : "";
  const refused = [...(namespaces ? [] : ["namespaces"]), ...(there ? [there] : [])].join(", nor ");
  if (refused === "") return config;
  const context = config.getCurrentContext();
  const example = namespaces ? `${missing[0]} -n ${namespace}` : "namespaces";
  throw new UserError(`context = ${JSON.stringify(context)}: its user may not create ${refused}`, {
    remedy: `name the context of a user who may, or have the right granted: \`kubectl auth can-i create ${example} --context ${context}\` must say yes`,
  });
}

/** Whether the API server would allow it. One that does not say is taken at its word later. */
async function mayCreate(config: KubeConfig, resource: string, namespace?: string): Promise<boolean> {
  const resourceAttributes = { verb: "create", resource, ...(namespace ? { namespace } : {}) };
  const body = { spec: { resourceAttributes } };
  return config
    .makeApiClient(AuthorizationV1Api)
    .createSelfSubjectAccessReview({ body })
    .then(
      ({ status }) => status?.allowed ?? true,
      () => true,
    );
}
