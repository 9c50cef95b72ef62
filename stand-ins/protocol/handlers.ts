/** The provider protocol: each gRPC request, decoded for a provider, and its answer, encoded for the engine. */
import type * as grpc from "@grpc/grpc-js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import type * as Messages from "@pulumi/pulumi/proto/provider_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import type { EngineReporter } from "./engineLog.ts";
import { pathText } from "./paths.ts";
import type { DiffAnswer, Provider } from "./provider.ts";
import { statusOf } from "./status.ts";
import { unary } from "./unary.ts";
import { type Decoded, decode, encode } from "./values.ts";

/** Requests that are missing here (Construct, Call, Invoke, ...) are answered "unimplemented" by gRPC itself. */
export function handlers(
  version: string,
  provider: Provider,
  engine: EngineReporter,
): grpc.UntypedServiceImplementation {
  const secretsIn = (outputs: Decoded["bag"], inputs: Decoded) => [
    ...inputs.secrets,
    ...provider.secretOutputs(outputs, inputs.secrets.length > 0),
  ];
  const operation = (
    request: Messages.CreateRequest | Messages.UpdateRequest | Messages.DeleteRequest | Messages.ReadRequest,
  ) => ({
    urn: request.getUrn(),
    name: request.getName() || nameOf(request.getUrn()),
    type: request.getType() || typeOf(request.getUrn()),
    timeoutSeconds: request.getTimeout(),
  });

  return {
    getPluginInfo: unary(async () => new pluginPb.PluginInfo().setVersion(version)),

    getSchema: unary(async () =>
      new pb.GetSchemaResponse().setSchema(JSON.stringify({ name: provider.name, version })),
    ),

    attach: unary(async (request: { getAddress(): string }) => {
      engine.attach(request.getAddress());
      return new emptyPb.Empty();
    }),

    checkConfig: unary(async (request: Messages.CheckRequest) => new pb.CheckResponse().setInputs(request.getNews())),

    configure: unary(async (request: Messages.ConfigureRequest) => {
      const variables = [...request.getVariablesMap().entries()] as [string, string][];
      const settings = variables.map(([key, value]) => [key.replace(/^.*:/, ""), value]);
      await provider.configure({ ...Object.fromEntries(settings), ...decode(request.getArgs()).bag });
      return new pb.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true);
    }),

    check: unary(async (request: Messages.CheckRequest) => {
      const news = decode(request.getNews());
      const answer = await provider.check({
        name: request.getName() || nameOf(request.getUrn()),
        type: request.getType() || typeOf(request.getUrn()),
        olds: decode(request.getOlds()).bag,
        news: news.bag,
      });
      return new pb.CheckResponse()
        .setInputs(encode(answer.inputs, [...news.secrets, ...provider.secretOutputs(answer.inputs, false)]))
        .setFailuresList(
          answer.failures.map(({ property, reason }) => new pb.CheckFailure().setProperty(property).setReason(reason)),
        );
    }),

    diff: unary(async (request: Messages.DiffRequest) => {
      const oldInputs = request.hasOldInputs() ? request.getOldInputs() : request.getOlds();
      const type = request.getType() || typeOf(request.getUrn());
      return diffResponse(
        provider.diff({ type, oldInputs: decode(oldInputs).bag, news: decode(request.getNews()).bag }),
      );
    }),

    create: unary(async (request: Messages.CreateRequest) => {
      const inputs = decode(request.getProperties());
      const preview = request.getPreview();
      try {
        const { id, outputs } = await provider.create({ ...operation(request), inputs: inputs.bag, preview });
        return new pb.CreateResponse().setId(id).setProperties(encode(outputs, secretsIn(outputs, inputs)));
      } catch (error) {
        throw statusOf(error, (outputs) => encode(outputs, secretsIn(outputs, inputs)), request.getProperties());
      }
    }),

    update: unary(async (request: Messages.UpdateRequest) => {
      const inputs = decode(request.getNews());
      try {
        const outputs = await provider.update({
          ...operation(request),
          id: request.getId(),
          oldOutputs: decode(request.getOlds()).bag,
          inputs: inputs.bag,
          preview: request.getPreview(),
        });
        return new pb.UpdateResponse().setProperties(encode(outputs, secretsIn(outputs, inputs)));
      } catch (error) {
        throw statusOf(error, (outputs) => encode(outputs, secretsIn(outputs, inputs)), request.getNews());
      }
    }),

    read: unary(async (request: Messages.ReadRequest) => {
      const oldInputs = decode(request.getInputs());
      const oldOutputs = decode(request.getProperties());
      const secrets = (outputs: Decoded["bag"]) => [...secretsIn(outputs, oldInputs), ...oldOutputs.secrets];
      const asked = {
        ...operation(request),
        id: request.getId(),
        oldInputs: oldInputs.bag,
        oldOutputs: oldOutputs.bag,
      };
      const found = await provider.read(asked).catch((error: unknown) => {
        throw statusOf(error, (outputs) => encode(outputs, secrets(outputs)), request.getInputs());
      });
      if (found === undefined) return new pb.ReadResponse();
      return new pb.ReadResponse()
        .setId(found.id)
        .setProperties(encode(found.outputs, secrets(found.outputs)))
        .setInputs(encode(found.inputs, secretsIn(found.inputs, oldInputs)));
    }),

    delete: unary(async (request: Messages.DeleteRequest) => {
      const outputs = decode(request.getProperties()).bag;
      const inputs = request.hasOldInputs() ? decode(request.getOldInputs()).bag : outputs;
      await provider.delete({ ...operation(request), id: request.getId(), inputs, outputs });
      return new emptyPb.Empty();
    }),

    cancel: unary(async () => {
      await provider.cancel();
      return new emptyPb.Empty();
    }),
  };
}

function diffResponse({ changes, deleteBeforeReplace }: DiffAnswer): Messages.DiffResponse {
  const { Kind } = pb.PropertyDiff;
  const kinds = {
    add: [Kind.ADD, Kind.ADD_REPLACE],
    delete: [Kind.DELETE, Kind.DELETE_REPLACE],
    update: [Kind.UPDATE, Kind.UPDATE_REPLACE],
  } as const;
  const { DIFF_SOME, DIFF_NONE } = pb.DiffResponse.DiffChanges;
  const response = new pb.DiffResponse()
    .setChanges(changes.length > 0 ? DIFF_SOME : DIFF_NONE)
    .setDiffsList([...new Set(changes.map(({ path }) => String(path[0])))])
    .setReplacesList(changes.filter(({ replace }) => replace).map(({ path }) => pathText(path)))
    .setDeletebeforereplace(deleteBeforeReplace)
    .setHasdetaileddiff(true);
  for (const { path, kind, replace } of changes) {
    const entry = new pb.PropertyDiff().setKind(kinds[kind][replace ? 1 : 0]).setInputdiff(true);
    response.getDetaileddiffMap().set(pathText(path), entry);
  }
  return response;
}

/** `urn:pulumi:stack::project::parent$type::name`; a name may itself hold `::`. */
function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}
