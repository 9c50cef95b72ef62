import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as grpc from "@grpc/grpc-js";
import type pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { unary } from "../../stand-ins/protocol/unary.ts";

const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
const URN = "urn:pulumi:s::p::command:local:Command::cmd";
const BIN = resolve(import.meta.dirname, "../../stand-ins/bin");

type Value = Parameters<typeof structPb.Struct.fromJavaScript>[0];
const struct = (bag: object) => structPb.Struct.fromJavaScript(bag as Value);

/** The plugin as the engine starts it: through a link on PATH, then over gRPC. */
describe("plugin protocol: the command plugin as a process", () => {
  const directory = mkdtempSync(join(tmpdir(), "plugin-"));
  let plugin: ChildProcess;
  let client: InstanceType<typeof services.ResourceProviderClient>;
  const call = <Response>(send: (done: (error: grpc.ServiceError | null, response: Response) => void) => unknown) =>
    new Promise<Response>((resolve, reject) => send((error, response) => (error ? reject(error) : resolve(response))));

  before(async () => {
    const link = join(directory, "pulumi-resource-command");
    symlinkSync(join(BIN, "pulumi-resource-command"), link);
    const env = { ...process.env, FUSE_TEST_NODE: process.execPath };
    // The engine's address comes after flags; nothing listens there, which must do no harm.
    plugin = spawn(link, ["--logtostderr", "-v=3", "127.0.0.1:1"], { env, stdio: ["ignore", "pipe", "inherit"] });
    const port = await new Promise<string>((resolve) =>
      plugin.stdout?.once("data", (data) => resolve(String(data).trim())),
    );
    client = new services.ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  });
  after(async () => {
    client.close();
    const ended = new Promise((resolve) => plugin.once("exit", resolve));
    plugin.kill("SIGTERM");
    await ended;
    rmSync(directory, { recursive: true });
  });

  it("has the version of the SDK that is installed", async () => {
    const { version } = createRequire(import.meta.url)("@pulumi/command/package.json");
    const response = await call<InstanceType<typeof pluginPb.PluginInfo>>((done) =>
      client.getPluginInfo(new emptyPb.Empty(), done),
    );
    assert.equal(response.getVersion(), version);
  });

  it("is started by its name alone, and another name is refused", () => {
    const link = join(directory, "pulumi-resource-other");
    symlinkSync(join(BIN, "pulumi-resource-command"), link);
    const env = { ...process.env, FUSE_TEST_NODE: process.execPath };
    const { status, stderr } = spawnSync(link, { env, encoding: "utf8" });
    assert.equal(status, 2);
    assert.match(stderr, /no stand-in for "pulumi-resource-other"; there are pulumi-language-nodejs, /);
  });

  it("accepts secrets and previews", async () => {
    const response = await call<InstanceType<typeof pb.ConfigureResponse>>((done) =>
      client.configure(new pb.ConfigureRequest(), done),
    );
    assert.deepEqual([response.getAcceptsecrets(), response.getSupportspreview()], [true, true]);
  });

  it("returns secrets as secrets, and what a command made of them as well", async () => {
    const properties = struct({ create: { ...SECRET, value: "echo hidden" } });
    const request = new pb.CreateRequest().setUrn(URN).setProperties(properties);
    const response = await call<InstanceType<typeof pb.CreateResponse>>((done) => client.create(request, done));
    assert.deepEqual(response.getProperties()?.toJavaScript(), {
      create: { ...SECRET, value: "echo hidden" },
      stdout: { ...SECRET, value: "hidden" },
      stderr: { ...SECRET, value: "" },
    });
  });

  it("says which property replaces the resource", async () => {
    const request = new pb.DiffRequest()
      .setUrn(URN)
      .setOldInputs(struct({ create: "a", triggers: [1] }))
      .setNews(struct({ create: "b", triggers: [2] }));
    const response = await call<InstanceType<typeof pb.DiffResponse>>((done) => client.diff(request, done));
    const { Kind } = pb.PropertyDiff;
    const detailed = [...response.getDetaileddiffMap().entries()] as [string, InstanceType<typeof pb.PropertyDiff>][];
    assert.deepEqual(
      detailed.map(([path, diff]) => [path, diff.getKind()]),
      [
        ["create", Kind.UPDATE],
        ["triggers[0]", Kind.UPDATE_REPLACE],
      ],
    );
    assert.deepEqual(response.getReplacesList(), ["triggers[0]"]);
  });

  it("passes no code on that is none of gRPC's", async () => {
    const answer = (code: number | string) =>
      new Promise((done) => {
        const failing = unary(async () => {
          throw Object.assign(new Error("why"), { code });
        });
        failing({} as never, (error) => done(error?.code));
      });
    assert.deepEqual(
      [await answer(409), await answer("ENOENT"), await answer(grpc.status.UNIMPLEMENTED)],
      [grpc.status.UNKNOWN, grpc.status.UNKNOWN, grpc.status.UNIMPLEMENTED],
    );
  });

  it("passes a failure on in words", async () => {
    const request = new pb.CreateRequest().setUrn(URN).setProperties(struct({ create: "echo why; exit 4" }));
    await assert.rejects(
      call((done) => client.create(request, done)),
      /exit status 4: running "echo why; exit 4":\nwhy/,
    );
  });
});
