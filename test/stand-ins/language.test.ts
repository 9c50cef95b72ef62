/** The stand-in of the language host calls the SDK's runners with the arguments and the environment of the official one. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import * as grpc from "@grpc/grpc-js";
import analyzer from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import analyzerPb from "@pulumi/pulumi/proto/analyzer_pb.js";
import services from "@pulumi/pulumi/proto/language_grpc_pb.js";
import pb from "@pulumi/pulumi/proto/language_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";

const ROOT = resolve(import.meta.dirname, "../..");
const PACK = join(ROOT, "policy");
const sdk = createRequire(import.meta.url);
const ENGINE = "127.0.0.1:1";

describe("language host stand-in", () => {
  const folder = mkdtempSync(join(tmpdir(), "language-"));
  const environment = (name: string) =>
    Object.fromEntries(
      readFileSync(join(folder, name), "utf8")
        .split("\0")
        .filter((line) => /^(PULUMI|OF_ENGINE)/.test(line))
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
  const lines = (name: string) => readFileSync(join(folder, name), "utf8").trimEnd().split("\n");
  let host: ChildProcess;
  let client: InstanceType<typeof services.LanguageRuntimeClient>;

  before(async () => {
    // In place of Node: says how it was called.
    const node = `#!/bin/sh\nprintf '%s\\n' "$@" >'${folder}/args'\npwd >'${folder}/cwd'\nenv -0 >'${folder}/env'\nexit 7\n`;
    writeFileSync(join(folder, "node"), node);
    chmodSync(join(folder, "node"), 0o755);
    const { PULUMI_CONFIG: _, ...env } = process.env;
    host = spawn(join(ROOT, "stand-ins/bin/pulumi-language-nodejs"), [ENGINE], {
      env: { ...env, PATH: `${folder}${delimiter}${env.PATH}`, FUSE_TEST_NODE: process.execPath },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const port = await new Promise<string>((done) => host.stdout?.once("data", (data) => done(String(data).trim())));
    client = new services.LanguageRuntimeClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  });
  after(async () => {
    client.close();
    const ended = new Promise((done) => host.once("exit", done));
    host.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true });
  });

  const info = (directory: string, options: Record<string, boolean | string>) =>
    new pb.ProgramInfo()
      .setRootDirectory(ROOT)
      .setProgramDirectory(directory)
      .setEntryPoint("main.mjs")
      .setOptions(structPb.Struct.fromJavaScript(options));

  function program(options: Record<string, boolean | string>): Promise<InstanceType<typeof pb.RunResponse>> {
    const request = new pb.RunRequest()
      .setInfo(info(ROOT, options))
      .setPwd("/")
      .setMonitorAddress("127.0.0.1:2")
      .setOrganization("organization")
      .setProject("project")
      .setStack("stack")
      .setDryrun(true)
      .setParallel(16)
      .setArgsList(["argument"])
      .setConfigsecretkeysList(["project:key"]);
    request.getConfigMap().set("project:key", "value");
    return new Promise((done, fail) =>
      client.run(request, (error, response) => (error ? fail(error) : done(response as never))),
    );
  }

  it("runs a program", async () => {
    const response = await program({ typescript: false, nodeargs: "--a --b" });
    assert.equal(response.getError(), "Program exited with non-zero exit code: 7");
    assert.deepEqual(lines("args"), [
      ...["--a", "--b", sdk.resolve("@pulumi/pulumi/cmd/run"), "--monitor", "127.0.0.1:2", "--engine", ENGINE],
      ...["--organization", "organization", "--project", "project", "--root-directory", ROOT, "--stack", "stack"],
      ...["--pwd", ROOT, "--dry-run", "--parallel", "16", "main.mjs", "argument"],
    ]);
    assert.deepEqual(environment("env"), {
      PULUMI_CONFIG: '{"project:config:key":"value"}',
      PULUMI_CONFIG_SECRET_KEYS: '["project:key"]',
    });
  });

  it("has the SDK compile TypeScript unless the project says otherwise", async () => {
    await program({ tsconfig: "other.json" });
    assert.equal(environment("env").PULUMI_NODEJS_TYPESCRIPT, "true");
    assert.equal(environment("env").PULUMI_NODEJS_TSCONFIG_PATH, "other.json");
  });

  /** Starts the pack as the engine does. @param node what stands first on the pack's PATH */
  function startPack(node: string) {
    const request = new pb.RunPluginRequest()
      .setKind("analyzer")
      .setPwd("/")
      .setInfo(info(PACK, { typescript: false }))
      .setArgsList([ENGINE])
      .setEnvList([`PATH=${node}${delimiter}/usr/bin:/bin`, "OF_ENGINE=yes"]);
    const call = client.runPlugin(request);
    const ended = new Promise<grpc.ServiceError | undefined>((done) => {
      call.on("error", (error: grpc.ServiceError) => done(error));
      call.on("end", () => done(undefined));
    });
    const port = new Promise<number>((done) => {
      call.on("data", (response: InstanceType<typeof pb.RunPluginResponse>) =>
        done(Number(Buffer.from(response.getStdout_asU8()).toString("utf8"))),
      );
    });
    return { call, ended, port };
  }

  it("says what to run where the SDK is not installed", async () => {
    const request = new pb.RunRequest().setInfo(info("/", {})).setMonitorAddress("127.0.0.1:2");
    const response = await new Promise<InstanceType<typeof pb.RunResponse>>((done, fail) =>
      client.run(request, (error, answer) => (error ? fail(error) : done(answer))),
    );
    const words = "It looks like the Pulumi SDK has not been installed. Have you run pulumi install?";
    assert.equal(response.getError(), words);
  });

  async function configured(port: number): Promise<InstanceType<typeof analyzer.AnalyzerClient>> {
    const pack = new analyzer.AnalyzerClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    const request = new analyzerPb.AnalyzerStackConfigureRequest()
      .setOrganization("organization")
      .setProject("project")
      .setStack("stack")
      .setDryRun(true);
    request.getConfigMap().set("project:key", "value");
    await new Promise<void>((done, fail) => pack.configureStack(request, (error) => (error ? fail(error) : done())));
    return pack;
  }

  const nameOf = (pack: InstanceType<typeof analyzer.AnalyzerClient>) =>
    new Promise<string>((done, fail) =>
      pack.getAnalyzerInfo(new emptyPb.Empty(), (error, response) => (error ? fail(error) : done(response.getName()))),
    );

  it("starts a policy pack once it knows the stack, and says so where it does not start", async () => {
    const { ended, port } = startPack(folder);
    const pack = await configured(await port);
    await assert.rejects(nameOf(pack), /policy pack not started: could not read policy pack port/);
    pack.close();
    assert.match((await ended)?.details ?? "", /could not read policy pack port/);
    assert.deepEqual(lines("args"), [sdk.resolve("@pulumi/pulumi/cmd/run-policy-pack"), ENGINE, PACK]);
    assert.deepEqual(lines("cwd"), [PACK]);
    assert.deepEqual(environment("env"), {
      OF_ENGINE: "yes",
      PULUMI_NODEJS_ORGANIZATION: "organization",
      PULUMI_NODEJS_PROJECT: "project",
      PULUMI_NODEJS_STACK: "stack",
      PULUMI_NODEJS_DRY_RUN: "true",
      PULUMI_CONFIG: '{"project:key":"value"}',
    });
  });

  it("passes on what the engine asks the pack", async () => {
    const { call, ended, port } = startPack(dirname(process.execPath));
    const pack = await configured(await port);
    assert.equal(await nameOf(pack), "fuse-propagation-test");
    pack.close();
    call.cancel();
    assert.equal((await ended)?.code, grpc.status.CANCELLED);
  });
});
