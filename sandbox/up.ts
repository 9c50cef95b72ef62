/** Starts the sandbox, or uses the one that runs. */
import { mkdirSync, writeFileSync } from "node:fs";
import * as paths from "../base/paths.ts";
import { note, step } from "../base/progress.ts";
import { together, until } from "../base/stop.ts";
import { type Box, openBox } from "./box/box.ts";
import { connect } from "./box/network.ts";
import { tearDown } from "./box/teardown.ts";
import { buildImages, type ImageSet, imageSet } from "./build/images.ts";
import { toolPaths } from "./build/kubernetes.ts";
import { buildMachine, machinePackages } from "./build/machines.ts";
import { RUNTIMES } from "./build/runtimes.ts";
import { buildTools } from "./build/tools.ts";
import { openApi, recordedAccess } from "./cluster/api.ts";
import { controlPlaneCommands, startControlPlane } from "./cluster/controlPlane.ts";
import { healthProblem } from "./cluster/health.ts";
import { startMachine } from "./cluster/machine.ts";
import { kubeletCommand, startKubelet, startRuntime } from "./cluster/node.ts";
import { nodeSpecs } from "./cluster/nodeConfig.ts";
import { makeSecrets, renderKubeconfig } from "./cluster/pki.ts";
import { context, fingerprint, readRecord, type Sandbox, writeRecord } from "./cluster/record.ts";
import { currentEngine, type Engine, prepareEngine, readyPulumi } from "./engine.ts";
import { clusterPackages, ensurePackages } from "./host/packages.ts";
import { requireMachine } from "./host/requirements.ts";
import { exclusively } from "./lock.ts";
import { choosePlatform, familiesOf, type Platform, requirePossible, suiteOf } from "./platform.ts";
import { SandboxError } from "./problem.ts";

/**
 * The running sandbox where it can be used, else a new one.
 *
 * @param asked what it is to be made of; what is not said is as in the sandbox that runs, or the default
 * @throws SandboxError; what was made until then is removed
 */
export async function up(asked: Partial<Platform>): Promise<Sandbox & { readonly reused: boolean }> {
  requireMachine();
  return exclusively(async () => {
    const platform = choosePlatform(asked, readRecord()?.sandbox);
    requirePossible(platform);
    const suite = suiteOf(platform, "k3s-w2");
    const packages = { ...RUNTIMES[platform.runtime].packages, ...(suite ? machinePackages : {}) };
    const images = imageSet(await ensurePackages(Object.keys({ ...clusterPackages, ...packages })));
    const running = await usable(images, platform);
    if (running) return { ...running, ...(await currentEngine(platform.kubernetes)), reused: true };

    await buildTools([...familiesOf(platform), ...((await readyPulumi()) ? [] : ["pulumi" as const])]);
    await buildImages(images);
    if (suite) await buildMachine(suite);
    if (await tearDown()) note("removed what an earlier start had left");
    try {
      return { ...(await step("sandbox up", () => start(images, platform))), reused: false };
    } catch (error) {
      await tearDown();
      throw error;
    }
  });
}

/** The running sandbox, unless it has a problem or was started otherwise than a new one would be. */
async function usable(images: ImageSet, platform: Platform): Promise<Sandbox | undefined> {
  const record = readRecord();
  if (!record) return undefined;
  const problem =
    record.fingerprint === fingerprint(images, platform)
      ? await healthProblem(record)
      : "it was started by another version, or on another platform";
  if (!problem) return record.sandbox;
  note(`the running sandbox cannot be used (${problem}): starting a new one`);
  return undefined;
}

async function start(images: ImageSet, platform: Platform): Promise<Sandbox> {
  mkdirSync(paths.state, { recursive: true, mode: 0o700 });
  let engine: Engine | undefined;
  const boxes: Box[] = [];
  await together(
    prepareEngine(platform.kubernetes).then((made) => {
      engine = made;
    }),
    startCluster(images, platform, boxes),
  );
  if (!engine) throw new Error("the engine's branch ended without a result");
  const sandbox: Sandbox = {
    kubeconfig: paths.kubeconfig,
    context,
    nodes: nodeSpecs.map(({ name }) => name).sort(),
    images: { producer: images.producer, consumer: images.consumer },
    ...platform,
    ...engine,
  };
  writeRecord({ fingerprint: fingerprint(images, platform), boxes, sandbox });
  return sandbox;
}

async function startCluster(images: ImageSet, platform: Platform, boxes: Box[]): Promise<void> {
  const programs = toolPaths(platform.kubernetes);
  const [control, nodes, secrets] = await step("boxes, network and certificates", async () => {
    const made = await Promise.all([
      openBox("control", "private"),
      Promise.all(
        nodeSpecs.map(async (spec) => ({ ...(await openBox(spec.name, spec.propagation)), name: spec.name })),
      ),
      makeSecrets(),
    ]);
    boxes.push(made[0], ...made[1]);
    await connect(
      made[0],
      made[1],
      nodeSpecs.map(({ name }) => name).find((name) => suiteOf(platform, name)),
    );
    return made;
  });
  writeFileSync(paths.kubeconfig, renderKubeconfig(secrets, "admin", context), { mode: 0o600 });
  const access = recordedAccess();
  if (!access) throw new Error("the kubeconfig that was just written cannot be read");
  const api = openApi(access);

  const plane = startControlPlane(control, controlPlaneCommands(programs), secrets, api);
  const eachNode = nodeSpecs.map(async (spec) => {
    const box = nodes.find(({ name }) => name === spec.name);
    if (!box) throw new Error(`there is no box for ${spec.name}`);
    const suite = suiteOf(platform, spec.name);
    if (suite) return startMachine(box, spec, platform, suite, images, secrets, api);
    await step(`${spec.name}: containerd ready, images imported`, () =>
      startRuntime(box, spec, platform.runtime, images),
    );
    await plane;
    await startKubelet(box, spec, kubeletCommand(programs, spec), secrets, api);
  });
  const account = plane.then(() =>
    until(() => api.hasDefaultAccount(), {
      every: 100,
      within: 30_000,
      late: () => new SandboxError("the default service account was not made", "See the controllers' log.", paths.logs),
    }),
  );
  await together(plane, account, ...eachNode);
}
