/**
 * A user with exactly the rights that `npm run rights` prints, through the whole of `npm start`, the collector, the sweep and the
 * export. The judge is the API server's own audit log: it refused nothing, and every right was used.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, parseAllDocuments, stringify } from "yaml";
import type { PolicyRule } from "../../core/rights/rights.ts";
import { pathIn } from "../../sandbox/box/box.ts";
import { auditedNamespace, auditLog } from "../../sandbox/cluster/audit.ts";
import { readRecord } from "../../sandbox/cluster/record.ts";
import { cli, kubectl, leaveSandbox, type SandboxDocument, sandbox, start, succeeded } from "./sandbox.ts";

interface AuditEvent {
  readonly verb: string;
  readonly responseStatus?: { readonly code: number };
  readonly objectRef?: { readonly apiGroup?: string; readonly resource: string; readonly subresource?: string };
  readonly user: { readonly username: string };
}

/** Objects that the engine makes, by their kind's name in a right. */
const MADE = [
  "namespaces",
  "configmaps",
  "pods",
  "admissionregistration.k8s.io validatingadmissionpolicies",
  "admissionregistration.k8s.io validatingadmissionpolicybindings",
];

/**
 * What another plugin, or another update, asks: Pulumi's own kubernetes plugin reads and watches whatever it makes, where the stand-in
 * watches only what it waits for; and a second `pulumi up` patches what the first one made.
 */
const MAY_BE_UNUSED = new Set(
  ["get", "list", "watch", "patch"].flatMap((verb) => MADE.map((kind) => `${verb} ${kind}`)),
);

describe("a user with the rights that are printed, and no others", () => {
  let cluster: SandboxDocument;
  let folder: string;
  before(async () => {
    cluster = await sandbox();
    folder = mkdtempSync(join(tmpdir(), "rights-"));
    succeeded(await kubectl(cluster, ["create", "namespace", auditedNamespace]));
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await kubectl(cluster, ["delete", "namespace", auditedNamespace, "--ignore-not-found", "--timeout=60s"]);
    await leaveSandbox();
  });

  /** A service account with the rights of one job. Returns its kubeconfig and the rules that it got. */
  async function allowed(job: "start" | "collect", settings: readonly string[]) {
    const account = `${auditedNamespace}:${job}`;
    succeeded(await kubectl(cluster, ["create", "serviceaccount", job, "-n", auditedNamespace]));
    const printed = succeeded(await cli("rights", [job, "--service-account", account, ...settings])).stdout;
    succeeded(await kubectl(cluster, ["apply", "-f", "-"], printed));
    const token = succeeded(await kubectl(cluster, ["create", "token", job, "-n", auditedNamespace])).stdout.trim();
    const config = parse(readFileSync(cluster.kubeconfig, "utf8"));
    const [{ context }] = config.contexts;
    config.users = [{ name: context.user, user: { token } }];
    const kubeconfig = join(folder, `${job}.kubeconfig`);
    writeFileSync(kubeconfig, stringify(config), { mode: 0o600 });
    const rules = parseAllDocuments(printed).flatMap(
      (document) => (document.toJS() as { rules?: PolicyRule[] }).rules ?? [],
    );
    return { kubeconfig, rules };
  }

  it("run the whole test, collect its verdict, sweep and export", async () => {
    const { producer } = cluster.images;
    const set = ["--set", `producerImage=${producer}`, `consumerImage=${producer}`];
    const guarded = [...set, "admission=true"];
    const starter = await allowed("start", guarded);
    const target = ["--kubeconfig", starter.kubeconfig, "--context", cluster.context];

    const { document, stderr, code } = await start([...target, "--keep", ...set]);
    equal(code, 0, stderr);
    equal(document?.nodes["k3s-w2"]?.grade, "A", stderr);

    const collector = await allowed("collect", []);
    const reader = ["--kubeconfig", collector.kubeconfig, "--context", cluster.context];
    const collected = succeeded(await cli("collect", reader));
    equal(JSON.parse(collected.stdout).nodes["k3s-w2"].grade, "A", collected.stderr);

    succeeded(await cli("sweep", [...target, ...set]));
    const again = await start([...target, ...guarded]);
    deepEqual([again.code, again.document?.residue], [0, []], again.stderr);
    succeeded(await cli("export", ["--out", folder, ...target]));

    const events = auditEvents();
    const refused = events.filter(({ responseStatus }) => responseStatus?.code === 403);
    deepEqual(refused.map(shown), []);
    const idle = unused("start", starter.rules, events).filter((right) => !MAY_BE_UNUSED.has(right));
    deepEqual(idle, []);
    // To put another pod in the producer's place: whoever started the run has done that already.
    deepEqual(unused("collect", collector.rules, events), ["create pods", "get pods", "delete pods"]);
  });
});

function auditEvents(): AuditEvent[] {
  const init = readRecord()?.boxes.find(({ name }) => name === "control")?.init;
  ok(init, "the sandbox's record names the control plane's box");
  const lines = readFileSync(pathIn({ init }, auditLog), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as AuditEvent);
}

const shown = ({ verb, objectRef }: AuditEvent): string =>
  [verb, objectRef?.apiGroup, [objectRef?.resource, objectRef?.subresource].filter(Boolean).join("/")]
    .filter(Boolean)
    .join(" ");

/** Rights that were granted and not used. A server-side apply is audited as a patch, and needs create as well where nothing is there. */
function unused(account: string, rules: readonly PolicyRule[], events: readonly AuditEvent[]): string[] {
  const own = events.filter(({ user }) => user.username === `system:serviceaccount:${auditedNamespace}:${account}`);
  const used = new Set(own.map(shown));
  const granted = rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => [verb, group, resource].filter(Boolean).join(" "))),
    ),
  );
  return granted.filter((right) => !used.has(right) && !used.has(right.replace(/^create /, "patch ")));
}
