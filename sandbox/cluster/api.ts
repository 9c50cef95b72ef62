/** The few questions the sandbox asks its own API server. */
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import * as paths from "../../base/paths.ts";

export interface Api {
  /** Whether it answers at all. */
  readonly answers: () => Promise<boolean>;
  /** Whether it says of itself that it is ready. */
  readonly ready: () => Promise<boolean>;
  readonly nodes: () => Promise<readonly NodeState[]>;
  /** Whether pods can be made: the API server refuses them in a namespace without its service account. */
  readonly hasDefaultAccount: () => Promise<boolean>;
}

interface NodeState {
  readonly name: string;
  readonly ready: boolean;
  /** Why it is not, in the kubelet's words. */
  readonly message: string;
  /** Keys of the taints that keep pods away. */
  readonly taints: readonly string[];
}

/** How an API server is reached. */
export interface Access {
  readonly server: string;
  readonly authority: string;
  readonly token: string;
}

/** No question fails: an API server that does not answer within 5 s is not ready and has no nodes. */
export function openApi({ server, authority, token }: Access): Api {
  const agent = new Agent({ ca: authority, keepAlive: true });
  const get = (path: string) =>
    new Promise<{ code: number; body: string }>((resolve) => {
      const failed = () => resolve({ code: 0, body: "" });
      const question = request(server + path, { agent, headers: { authorization: `Bearer ${token}` }, timeout: 5000 });
      question.on("error", failed).on("timeout", () => question.destroy());
      question.on("response", (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text) => {
          body += text;
        });
        response.on("end", () => resolve({ code: response.statusCode ?? 0, body })).on("error", failed);
      });
      question.end();
    });
  return {
    answers: async () => (await get("/readyz")).code > 0,
    ready: async () => (await get("/readyz")).code === 200,
    nodes: async () => {
      const { code, body } = await get("/api/v1/nodes");
      return code === 200 ? JSON.parse(body).items.map(toState) : [];
    },
    hasDefaultAccount: async () => (await get("/api/v1/namespaces/default/serviceaccounts/default")).code === 200,
  };
}

/** Access as it stands in the sandbox's kubeconfig, or undefined where there is none. */
export function recordedAccess(): Access | undefined {
  try {
    const config = JSON.parse(readFileSync(paths.kubeconfig, "utf8"));
    const { server, "certificate-authority-data": authority } = config.clusters[0].cluster;
    return { server, authority: Buffer.from(authority, "base64").toString(), token: config.users[0].user.token };
  } catch {
    return undefined;
  }
}

interface RawNode {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly taints?: readonly { readonly key: string }[] };
  readonly status: { readonly conditions?: readonly { type: string; status: string; message?: string }[] };
}

function toState({ metadata, spec, status }: RawNode): NodeState {
  const condition = status.conditions?.find(({ type }) => type === "Ready");
  return {
    name: metadata.name,
    ready: condition?.status === "True",
    message: condition?.message ?? "it has not reported yet",
    taints: (spec.taints ?? []).map(({ key }) => key),
  };
}
