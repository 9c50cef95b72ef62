/** `diagnose` of what other people run: it names what is broken, and says nothing of what is not. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { V1Pod } from "@kubernetes/client-node";
import { parse, parseAllDocuments, stringify } from "yaml";
import { layoutOf } from "../../core/layout/index.ts";
import type { LiveFinding } from "../../core/live/index.ts";
import type { PolicyRule, RbacObject } from "../../core/rights/rights.ts";
import { pathIn } from "../../sandbox/box/box.ts";
import { auditedNamespace, auditLog } from "../../sandbox/cluster/audit.ts";
import { readRecord } from "../../sandbox/cluster/record.ts";
import { until } from "../until.ts";
import {
  cli,
  kubectl,
  leaveSandbox,
  onNode,
  type Result,
  type SandboxDocument,
  sandbox,
  succeeded,
} from "./sandbox.ts";
import { broken, objectsOf, type Stranger, sound } from "./strangers.ts";

const all = [...broken, ...sound];
/** Two cores run two kubelets and all of these pods. */
const AT_ONCE = 2;

interface Outcome {
  readonly result: Result;
  readonly findings: readonly LiveFinding[];
}

describe("diagnose of other people's deployments", () => {
  let cluster: SandboxDocument;
  const outcomes = new Map<Stranger, Outcome>();
  const namespaceOf = ({ name }: Stranger) => `diagnose-${name}`;

  before(async () => {
    cluster = await sandbox();
    const items = all.flatMap((stranger) => objectsOf(stranger, cluster.images));
    succeeded(await kubectl(cluster, ["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items })));
    await until(podsToSettle, ({ length }) => length === 0, { seconds: 240, everyMs: 1000 });
    for (const stranger of all)
      if (stranger.fault)
        await kubectl(cluster, [
          "exec",
          "-n",
          namespaceOf(stranger),
          "deploy/decypharr",
          "--",
          "sh",
          "-c",
          stranger.fault,
        ]);
    await sleep(4000);
    const waiting = [...all];
    const take = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) outcomes.set(next, await settled(next));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, take));
  });

  after(async () => {
    printTable();
    const namespaces = all.map(namespaceOf);
    await kubectl(cluster, [
      "delete",
      "namespace",
      auditedNamespace,
      ...namespaces,
      "--ignore-not-found",
      "--timeout=60s",
    ]);
    await kubectl(cluster, ["delete", "pv", "diagnose-claim", "--ignore-not-found"]);
    // What their daemons have left is theirs to clear, and they are gone.
    const clear =
      "grep -o '/host/diagnose-[^ ]*' /proc/self/mountinfo | while read -r one; do umount -l $one; done; rm -rf /host/diagnose-*";
    for (const node of cluster.nodes) await onNode(cluster, node, clear, node === "k3s-w2" ? "Bidirectional" : "None");
    await leaveSandbox();
  });

  /** Pods that have neither started nor failed for good. */
  async function podsToSettle(): Promise<string[]> {
    const { stdout } = succeeded(await kubectl(cluster, ["get", "pods", "-A", "-o", "json"]));
    const pods = (JSON.parse(stdout) as { items: V1Pod[] }).items.filter(({ metadata }) =>
      metadata?.namespace?.startsWith("diagnose-"),
    );
    const isSettled = ({ status }: V1Pod) =>
      [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].some(({ state }) =>
        /Error|BackOff/.test(state?.waiting?.reason ?? ""),
      ) || status?.containerStatuses?.every(({ started, restartCount }) => started || restartCount > 0);
    return pods.filter((pod) => !isSettled(pod)).map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}`);
  }

  const names = ["--producer", "deploy/decypharr", "--reader", "deploy/sonarr"];
  async function diagnose(
    stranger: Stranger,
    kubeconfig = cluster.kubeconfig,
    more: readonly string[] = [],
  ): Promise<Outcome> {
    const target = [
      "--kubeconfig",
      kubeconfig,
      "--context",
      cluster.context,
      ...(stranger.named ? names : []),
      ...more,
    ];
    const result = await cli("diagnose", ["--json", ...target, "-n", namespaceOf(stranger)]);
    const findings = result.stdout ? (JSON.parse(result.stdout) as { findings: LiveFinding[] }).findings : [];
    return { result, findings };
  }

  /** A daemon that is started again needs its time, and one that crashes is now and then up. */
  const settled = (stranger: Stranger): Promise<Outcome> =>
    until(
      () => diagnose(stranger),
      (outcome) => isExpected(stranger, outcome),
      { seconds: 30, everyMs: 1000 },
    ).catch(() => diagnose(stranger));

  const proven = ({ findings }: Outcome) => [
    ...new Set(findings.filter(({ basis }) => basis === "proof").map(({ id }) => id)),
  ];
  function isExpected(stranger: Stranger, outcome: Outcome): boolean {
    const found = proven(outcome);
    const meant = [...stranger.finds, ...(stranger.also ?? [])];
    return (
      stranger.finds.every((id) => found.includes(id)) &&
      found.every((id) => meant.includes(id)) &&
      outcome.result.code !== 2
    );
  }

  for (const stranger of broken)
    it(`names ${stranger.finds.join(", ")}: ${stranger.how}`, () => {
      const { result, findings } = outcomes.get(stranger) as Outcome;
      ok(
        isExpected(stranger, outcomes.get(stranger) as Outcome),
        `${result.stderr}${JSON.stringify(findings, null, 2)}`,
      );
      equal(result.code, 1, result.stderr);
      for (const { basis, evidence, fix, message } of findings) {
        ok(basis === "inference" || evidence.length > 0, message);
        ok(fix.length > 10 && !/undefined|\[object/.test(message), message);
      }
    });

  for (const stranger of sound)
    it(`finds nothing wrong: ${stranger.how}`, () => {
      const { result, findings } = outcomes.get(stranger) as Outcome;
      deepEqual(findings, [], result.stderr);
      equal(result.code, 0, result.stderr);
      match(result.stderr, /nothing wrong found|no FUSE daemon with readers found/);
    });

  it("says to people what is proof, what is inferred, and which run would prove the rest", async () => {
    const target = ["--kubeconfig", cluster.kubeconfig, "-n", "diagnose-no-propagation", ...names];
    const { code, stdout, stderr } = await cli("diagnose", target);
    equal(code, 1, stderr);
    match(stdout, /consumer-not-host-to-container {2}Deployment diagnose-no-propagation\/sonarr {2}\(proof\)/);
    match(stdout, /seen \/proc\/self\/mountinfo in sonarr of sonarr-\S+: .* - tmpfs/);
    match(stdout, /gate-missing .* \(inference\)/);
    match(
      stderr,
      /npm start -- --node k3s-w2 --context \S+ .*--set 'tolerations=\[\{"key":"node\.longhorn\.io\/storage"/,
    );
    const whole = await cli("diagnose", [...target.slice(0, 2), "-n", "diagnose-recipe"]);
    equal(whole.code, 0, whole.stderr);
    match(
      whole.stdout,
      /proof: Deployment diagnose-recipe\/sonarr sees fuse\.rclone .* \(shared:(\d+) -> master:\1\), and it answers/,
    );
  });

  it("reads an image without a shell only by an ephemeral container, and only if it may", async () => {
    const bare = {
      ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "bare", namespace: "diagnose-recipe" } },
      spec: {
        ...{ nodeName: "k3s-w2", terminationGracePeriodSeconds: 0 },
        containers: [
          {
            ...{ name: "bare", image: cluster.images.producer, command: ["/usr/bin/rclone", "rcd", "--rc-no-auth"] },
            env: [{ name: "RCLONE_CONFIG", value: "/dev/null" }],
            volumeMounts: [
              // Its tools are gone.
              { name: "nothing", mountPath: "/bin" },
              { name: "media", mountPath: "/media", mountPropagation: "HostToContainer" },
            ],
          },
        ],
        volumes: [
          { name: "nothing", emptyDir: {} },
          { name: "media", hostPath: { path: "/tmp/diagnose-recipe", type: "Directory" } },
        ],
      },
    };
    succeeded(await kubectl(cluster, ["apply", "-f", "-"], JSON.stringify(bare)));
    succeeded(
      await kubectl(cluster, ["wait", "-n", "diagnose-recipe", "pod/bare", "--for=condition=Ready", "--timeout=30s"]),
    );
    const target = ["--kubeconfig", cluster.kubeconfig, "-n", "diagnose-recipe", "--reader", "pod/bare"];
    const refused = await cli("diagnose", target);
    equal(refused.code, 2, refused.stderr);
    match(refused.stderr, /not read: bare of bare: its image has no cat.*--allow-ephemeral/);
    const allowed = await cli("diagnose", [...target, "--allow-ephemeral", cluster.images.consumer]);
    equal(allowed.code, 0, allowed.stderr);
    match(allowed.stdout, /Pod diagnose-recipe\/bare sees fuse\.rclone .* and it answers/);
    succeeded(await kubectl(cluster, ["delete", "pod", "-n", "diagnose-recipe", "bare", "--wait=true"]));
  });

  it("needs the rights that it prints, and no others; what it costs a cluster", async () => {
    const folder = mkdtempSync(join(tmpdir(), "diagnose-"));
    try {
      const kubeconfig = join(folder, "kubeconfig");
      const stranger = sound[0] as Stranger;
      const rules = await allowed(kubeconfig, namespaceOf(stranger));
      // Of another run on the same sandbox.
      const before = auditEvents().length;
      // An exec is logged when it is over.
      const asked = (from: number) =>
        until(
          () => auditEvents().slice(from),
          (events) => events.filter(({ objectRef }) => objectRef?.subresource === "exec").length >= 4,
          { seconds: 20 },
        );
      const few = await diagnose(stranger, kubeconfig);
      deepEqual([few.result.code, few.findings], [0, []], few.result.stderr);
      const first = await asked(before);
      deepEqual(first.filter(({ responseStatus }) => responseStatus?.code === 403).map(shown), []);
      const used = new Set(first.map(shown));
      const granted = rules.flatMap(({ resources, verbs }) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
      );
      // Of exec one is asked by Kubernetes before 1.35, and both since.
      deepEqual(
        granted.filter((right) => !used.has(right)),
        ["create pods/exec"],
      );

      // Pods that no scheduler takes cost no node anything.
      const idle = Array.from({ length: 198 }, (_, index) => ({
        ...{ apiVersion: "v1", kind: "Pod", metadata: { name: `idle-${index}`, namespace: namespaceOf(stranger) } },
        spec: {
          schedulingGates: [{ name: "example.org/never" }],
          containers: [{ name: "idle", image: "registry.invalid/idle" }],
        },
      }));
      succeeded(
        await kubectl(cluster, ["create", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: idle })),
      );
      const many = await diagnose(stranger, kubeconfig);
      deepEqual([many.result.code, many.findings], [0, []], many.result.stderr);
      const second = (await asked(before + first.length)).length;
      equal(second, first.length, "200 pods cost as many requests as two");
      console.log(
        `  2 pods: ${first.length} requests, ${few.result.seconds.toFixed(1)} s; 200 pods: ${second} requests, ${many.result.seconds.toFixed(1)} s`,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  /** A service account with what is printed for a namespace. */
  async function allowed(file: string, namespace: string): Promise<PolicyRule[]> {
    const printed = succeeded(await cli("diagnose", ["--print-role", "-n", namespace])).stdout;
    const roles = parseAllDocuments(printed).map((document) => document.toJS() as RbacObject);
    const bindings = roles.map(({ apiVersion, kind, metadata }) => ({
      ...{ apiVersion, kind: `${kind}Binding`, metadata },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name: metadata.name },
      subjects: [{ kind: "ServiceAccount", namespace: auditedNamespace, name: "diagnose" }],
    }));
    succeeded(await kubectl(cluster, ["create", "namespace", auditedNamespace]));
    succeeded(await kubectl(cluster, ["create", "serviceaccount", "diagnose", "-n", auditedNamespace]));
    succeeded(
      await kubectl(
        cluster,
        ["apply", "-f", "-"],
        JSON.stringify({ apiVersion: "v1", kind: "List", items: [...roles, ...bindings] }),
      ),
    );
    const token = succeeded(
      await kubectl(cluster, ["create", "token", "diagnose", "-n", auditedNamespace]),
    ).stdout.trim();
    const config = parse(readFileSync(cluster.kubeconfig, "utf8"));
    config.users = [{ name: config.contexts[0].context.user, user: { token } }];
    writeFileSync(file, stringify(config), { mode: 0o600 });
    return roles.flatMap(({ rules }) => rules ?? []);
  }

  function printTable(): void {
    const rows = all.map((stranger) => {
      const { result, findings } = outcomes.get(stranger) ?? { result: undefined, findings: [] };
      const manifests = objectsOf(stranger, cluster.images).map((object) => ({ file: "-", object }));
      const stated = layoutOf(manifests).findings.filter(({ severity }) => severity === "error");
      const live = findings.filter(({ severity }) => severity === "error");
      return [
        stranger.name,
        stranger.how,
        [...new Set(stated.map(({ id }) => id))].join(" ") || "nothing",
        [...new Set(live.map(({ id, basis }) => (basis === "proof" ? id : `(${id})`)))].join(" ") || "nothing",
        result?.seconds.toFixed(1) ?? "-",
      ].join(" | ");
    });
    console.log(
      ["layout | broken how | static | live, inferred in brackets | seconds", ...rows]
        .map((row) => `  ${row}`)
        .join("\n"),
    );
  }
});

interface AuditEvent {
  readonly verb: string;
  readonly responseStatus?: { readonly code: number };
  readonly objectRef?: { readonly resource: string; readonly subresource?: string };
}

/** What the audited account has asked, but for the server's version, which is everybody's. */
function auditEvents(): AuditEvent[] {
  const init = readRecord()?.boxes.find(({ name }) => name === "control")?.init;
  ok(init, "the sandbox's record names the control plane's box");
  const log = pathIn({ init }, auditLog);
  const lines = existsSync(log) ? readFileSync(log, "utf8").split("\n").filter(Boolean) : [];
  return lines
    .map((line) => JSON.parse(line) as AuditEvent & { readonly user: { readonly username: string } })
    .filter(({ user }) => user.username.endsWith(`:${auditedNamespace}:diagnose`));
}

const shown = ({ verb, objectRef }: AuditEvent): string =>
  `${verb} ${[objectRef?.resource, objectRef?.subresource].filter(Boolean).join("/")}`;
