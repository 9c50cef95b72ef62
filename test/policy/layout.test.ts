/** The pack fuse-layout under the SDK's own runner. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import analyzer from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import pb from "@pulumi/pulumi/proto/analyzer_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { parseAllDocuments } from "yaml";
import { type Running, startPack } from "../runner.ts";
import { UNKNOWN_TEXT } from "./pack.ts";

type Answer = InstanceType<typeof pb.AnalyzeResponse>;
type Value = Parameters<typeof structPb.Struct.fromJavaScript>[0];

const ROOT = join(import.meta.dirname, "..", "..");

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

describe("the pack fuse-layout under the SDK's runner", () => {
  let pack: Running;
  let client: InstanceType<typeof analyzer.AnalyzerClient>;
  before(async () => {
    pack = startPack(join(ROOT, "policy", "layout"));
    client = new analyzer.AnalyzerClient(`127.0.0.1:${await pack.port}`, grpc.credentials.createInsecure());
  });
  after(async () => {
    client?.close();
    await pack.stop();
  });

  /** What it says of a stack that has the objects of a file. */
  async function said(file: string, change: (text: string) => string = (text) => text) {
    const text = change(readFileSync(join(ROOT, "test", "fixtures", "layouts", `${file}.yaml`), "utf8"));
    const whole = new pb.AnalyzeStackRequest();
    for (const { apiVersion, kind, ...object } of parseAllDocuments(text).map((one) => one.toJS() as Manifest)) {
      const type = `kubernetes:${apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`}:${kind}`;
      whole.addResources(
        new pb.AnalyzerResource()
          .setType(type)
          .setName(object.metadata.name)
          .setUrn(`urn:pulumi:test::somebody::${type}::${object.metadata.name}`)
          .setProperties(structPb.Struct.fromJavaScript(JSON.parse(JSON.stringify(object)) as Value))
          .setOptions(new pb.AnalyzerResourceOptions()),
      );
    }
    const answer = await new Promise<Answer>((resolve, reject) =>
      client.analyzeStack(whole, (error: grpc.ServiceError | null, response: Answer) =>
        error ? reject(error) : resolve(response),
      ),
    );
    return answer
      .getDiagnosticsList()
      .map((found) => [found.getPolicyname(), found.getEnforcementlevel(), found.getUrn().split("::").at(-1)]);
  }

  it("has nothing to say of a sound stack", async () => {
    for (const file of ["parent-directory", "pod-affinity", "plain-host-path"])
      assert.deepEqual(await said(`sound/${file}`), [], file);
  });

  it("advises on what is wrong, at the resource that has it", async () => {
    assert.deepEqual(await said("broken/reader-binds-mountpoint"), [
      ["consumer-binds-mountpoint", pb.EnforcementLevel.ADVISORY, "sonarr"],
    ]);
    assert.deepEqual(await said("broken/two-daemons"), [["two-mounters", pb.EnforcementLevel.ADVISORY, "zurg-rclone"]]);
  });

  it("says nothing of paths that are not known before the stack is up", async () => {
    const unknown = (text: string) => text.replaceAll("path: /mnt/media", `path: ${UNKNOWN_TEXT}`);
    assert.deepEqual(await said("broken/reader-without-propagation", unknown), []);
  });
});
