/**
 * Kubernetes' own end-to-end tests, at the sandbox's version, as the judge of the sandbox. No part of the gate.
 *
 *   npm run test:kubernetes            mount propagation, which must pass on both nodes: its directory lies below the kubelet's own,
 *                                      which the kubelet makes a shared mount (pkg/kubelet/kubelet.go, setupDataDirs); so it says
 *                                      nothing of a private root
 *   npm run test:kubernetes -- --all   and its tests of volumes and pods that need no internet: which pass, which do not
 */
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { MARKS } from "../../base/marks.ts";
import { images, logs, repository } from "../../base/paths.ts";
import { step } from "../../base/progress.ts";
import * as cli from "../../cli/run.ts";
import { inBox, runIn } from "../../sandbox/box/box.ts";
import { pack } from "../../sandbox/build/images.ts";
import { layOutShell } from "../../sandbox/build/rootfs.ts";
import { importCommand, RUNTIME_NAMES } from "../../sandbox/build/runtimes.ts";
import { buildTools, toolDirectory } from "../../sandbox/build/tools.ts";
import { readRecord } from "../../sandbox/cluster/record.ts";
import { run } from "../../sandbox/command.ts";
import { exclusively } from "../../sandbox/lock.ts";
import { kubectl, type SandboxDocument, sandbox, sandboxDown, succeeded } from "../e2e/sandbox.ts";

const SHARED = "k3s-w2";
const PRIVATE = "k3s-w1";
const TAINT = "node.longhorn.io/storage";

/** Specs of the report that Ginkgo writes. */
interface Spec {
  readonly ContainerHierarchyTexts: readonly string[] | null;
  readonly LeafNodeText: string;
  readonly LeafNodeType: string;
  readonly State: string;
  /** Nanoseconds. */
  readonly RunTime: number;
  readonly Failure?: { readonly Message?: string };
}

/** One test of Kubernetes: what became of it on a node. */
interface Outcome {
  readonly test: string;
  readonly node: string;
  readonly passed: boolean;
  readonly seconds: number;
  readonly why?: string;
}

await cli.run(async () => {
  const { all = false } = new Command("npm run test:kubernetes --")
    .exitOverride()
    .description("Runs Kubernetes' own end-to-end tests on the sandbox, which they may find wrong.")
    .option("--all", "its tests of volumes and pods, too; the list goes into docs/platforms/kubernetes-tests.json")
    .parse()
    .opts<{ all?: boolean }>();
  const cluster = await sandbox();
  try {
    return await judged(cluster, all);
  } finally {
    await sandboxDown();
  }
});

async function judged(cluster: SandboxDocument, all: boolean): Promise<number> {
  await exclusively(() => buildTools(["e2e"]));
  await step("images of Kubernetes' tests", importImages);
  const outcomes: Outcome[] = [];
  for (const [node, other] of [
    [SHARED, PRIVATE],
    [PRIVATE, SHARED],
  ] as const) {
    await onlyOn(cluster, node, other);
    outcomes.push(...(await ginkgo(cluster, node, ["--ginkgo.focus=Mount propagation"])));
  }
  const right = outcomes.length === 2 && outcomes.every(({ passed }) => passed);
  for (const { node, passed, seconds, why = "" } of outcomes)
    console.log(
      `${passed ? MARKS.success : MARKS.failure} mount propagation on ${node}  ${seconds} s  ${why}`.trimEnd(),
    );
  if (all) {
    await onlyOn(cluster, SHARED, PRIVATE);
    outcomes.push(...(await ginkgo(cluster, SHARED, OTHERS)));
    keep(outcomes);
  }
  const failed = outcomes.filter(({ passed }) => !passed);
  console.log(`${outcomes.length - failed.length} of Kubernetes' tests passed, ${failed.length} failed`);
  return right ? cli.EXIT.success : cli.EXIT.failure;
}

/** What needs no internet, no cloud, no second node, and does not break the node for others. */
const OTHERS = [
  String.raw`--ginkgo.focus=\[sig-storage\] (EmptyDir volumes|HostPath|Subpath|ConfigMap|Projected|Downward API)|\[sig-node\] (Pods|Containers|Kubelet|Security Context|Container Lifecycle Hook|InitContainer|Probing|Variable Expansion)`,
  String.raw`--ginkgo.skip=\[(Slow|Disruptive|Serial|Flaky|Alpha|Beta)\]|Feature(Gate)?:|\[sig-windows\]|LinuxOnly.*gluster|Mount propagation`,
];

/** Lets pods go to one node alone. */
async function onlyOn(cluster: SandboxDocument, node: string, other: string): Promise<void> {
  await kubectl(cluster, ["taint", "nodes", SHARED, `${TAINT}-`]);
  succeeded(await kubectl(cluster, ["uncordon", node]));
  succeeded(await kubectl(cluster, ["cordon", other]));
}

/** Builds the two images that the tests start, from busybox and Kubernetes' own agnhost, and gives them to both nodes. */
async function importImages(): Promise<void> {
  const program = join(toolDirectory("e2e"), "e2e.test");
  const [agnhost = "", busybox = ""] = (await run(program, ["--list-images"])).trim().split("\n");
  const work = mkdtempSync(join(tmpdir(), "kubernetes-tests-"));
  const archives: string[] = [];
  try {
    for (const [name, config] of [
      [agnhost, ["--entrypoint", '["/agnhost"]', "--cmd", "pause"]],
      [busybox, ["--cmd", "sh"]],
    ] as const) {
      const root = join(work, "root");
      rmSync(root, { recursive: true, force: true });
      mkdirSync(root);
      await layOutShell(root);
      if (name === agnhost) {
        copyFileSync(join(toolDirectory("e2e"), "agnhost"), join(root, "agnhost"));
        symlinkSync("agnhost", join(root, "agnhost-2"));
      }
      const archive = `kubernetes-tests-${archives.length}.tar`;
      rmSync(join(images, archive), { force: true });
      await pack(root, config, `${join(images, archive)}:${name}`, work);
      archives.push(archive);
    }
    const record = readRecord();
    const runtime = record?.sandbox.runtime ?? RUNTIME_NAMES[0];
    for (const box of record?.boxes.filter(({ name }) => [SHARED, PRIVATE].includes(name)) ?? [])
      for (const archive of archives) await runIn(box, importCommand(runtime, `${inBox.images}/${archive}`));
  } finally {
    rmSync(work, { recursive: true, force: true });
    for (const archive of archives) rmSync(join(images, archive), { force: true });
  }
}

/** Runs tests, their progress on standard error, and reads what became of each that was run. */
async function ginkgo(cluster: SandboxDocument, node: string, which: readonly string[]): Promise<Outcome[]> {
  const folder = mkdtempSync(join(tmpdir(), "kubernetes-tests-"));
  const report = join(folder, "report.json");
  try {
    await step(`Kubernetes' tests on ${node}`, async () => {
      const child = spawn(
        join(toolDirectory("e2e"), "e2e.test"),
        [
          `--kubeconfig=${cluster.kubeconfig}`,
          "--provider=skeleton",
          // The other node takes no pods.
          "--allowed-not-ready-nodes=1",
          "--ginkgo.no-color",
          "--ginkgo.timeout=1h",
          `--ginkgo.json-report=${report}`,
          ...which,
        ],
        { cwd: folder, stdio: ["ignore", "pipe", "pipe"] },
      );
      const log: Buffer[] = [];
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => log.push(data));
      const code = await new Promise((resolve) => child.on("close", resolve));
      writeFileSync(join(logs, `kubernetes-tests-${node}.log`), Buffer.concat(log));
      if (code !== 0 && code !== 1)
        throw new Error(`e2e.test ended with ${code}: ${Buffer.concat(log).toString().slice(-2000)}`);
    });
    const suites = JSON.parse(readFileSync(report, "utf8")) as readonly { readonly SpecReports: readonly Spec[] }[];
    return suites
      .flatMap(({ SpecReports }) => SpecReports)
      .filter(({ LeafNodeType, State }) => LeafNodeType === "It" && !["skipped", "pending"].includes(State))
      .map(({ ContainerHierarchyTexts, LeafNodeText, State, RunTime, Failure }) => ({
        test: [...(ContainerHierarchyTexts ?? []), LeafNodeText].join(" "),
        node,
        passed: State === "passed",
        seconds: Math.round(RunTime / 1e8) / 10,
        ...(Failure?.Message ? { why: Failure.Message.replace(/\s+/g, " ").slice(0, 600) } : {}),
      }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function keep(outcomes: readonly Outcome[]): void {
  const folder = join(repository, "docs", "platforms");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "kubernetes-tests.json"), `${JSON.stringify(outcomes, null, 2)}\n`);
}
