/** The admission policies of a killed run: they belong to the cluster, and do not go with the namespace. */
import { AdmissionregistrationV1Api, type KubeConfig } from "@kubernetes/client-node";
import { MARKS } from "../base/marks.ts";
import { LABELS, PROJECT } from "../core/contract/names.ts";
import type { Settings } from "../core/settings/settings.ts";
import { except } from "./connect.ts";

/** Deletes those of the settings' namespace. Whoever may not list policies has not made any. */
export async function sweepPolicies(
  config: KubeConfig,
  { namespace }: Settings,
  print: (line: string) => void,
): Promise<void> {
  const api = config.makeApiClient(AdmissionregistrationV1Api);
  const query = { labelSelector: `${LABELS.name}=${PROJECT}` };
  const names = async (list: Promise<{ items: { metadata?: { name?: string } }[] }>) => {
    // 404: a cluster that does not know them yet.
    const { items } = await list.catch(except([403, 404], { items: [] }));
    // As core/admission/index.ts names them; a namespace's name has no dot.
    const ours = items.map(({ metadata }) => metadata?.name ?? "");
    return ours.filter((name) => name.startsWith(`${PROJECT}.${namespace}.`));
  };
  const bindings = await names(api.listValidatingAdmissionPolicyBinding(query));
  const policies = await names(api.listValidatingAdmissionPolicy(query));
  if (policies.length > 0)
    print(`${MARKS.inconclusive} ${namespace}  removing the admission policies of an earlier run`);
  for (const name of bindings)
    await api.deleteValidatingAdmissionPolicyBinding({ name }).catch(except([404], undefined));
  for (const name of policies) await api.deleteValidatingAdmissionPolicy({ name }).catch(except([404], undefined));
}
