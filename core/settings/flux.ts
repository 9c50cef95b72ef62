/** What an operator can set about the export, below the key `flux`. */
import { z } from "zod";

/** A directory's name in the checkout: nothing that could lead elsewhere, or that a shell or YAML would read differently. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;
const name = z.string().regex(NAME, "use 1 to 63 of A-Z, a-z, 0-9, _, . and -, beginning with a letter or digit");
const path = z
  .string()
  .refine(
    (value) => value.split("/").every((part) => NAME.test(part.replace("{cluster}", "c"))),
    "give a path below the checkout, without a slash at either end and without . and ..",
  );
/** Kubernetes' names of objects. */
const object = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "use a name as Kubernetes takes it");
/** A Go duration as Flux' API takes it. */
const duration = z.string().regex(/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/, "give a duration such as 90s, 5m or 1h");

const kustomization = z.strictObject({
  sourceRef: z
    .strictObject({
      kind: z.enum(["GitRepository", "OCIRepository", "Bucket", "ExternalArtifact"]).default("GitRepository"),
      name: object.default("flux-system"),
      namespace: object.optional(),
    })
    .prefault({}),
  namespace: object.default("flux-system"),
  interval: duration.default("10m"),
  retryInterval: duration.default("1m"),
  timeout: duration.default("5m"),
});

export const fluxSchema = z.strictObject({
  checkout: z.string().default("").describe("Directory of the GitOps checkout that the export is written into."),
  cluster: name.default("homelab").describe("Name of the cluster, as the checkout has it."),
  path: path.default("clusters/{cluster}").describe("Directory of the cluster in the checkout."),
  group: name.default("testing").describe("Directory below it whose kustomization.yaml enables or disables the test."),
  entry: name.default("fuse-propagation-test").describe("Directory of the test, and the line that names it."),
  enabled: z
    .boolean()
    .optional()
    .describe("Whether the line is active; where not set it stays as it is, and a new one is commented out."),
  force: z.boolean().default(false).describe("Whether files that were edited by hand are overwritten."),
  kustomization: kustomization
    .optional()
    .describe("A Flux Kustomization of the test's own, for checkouts where each app has one; {} takes the defaults."),
});

export type FluxSettings = Readonly<z.output<typeof fluxSchema>>;
export type FluxSettingsInput = z.input<typeof fluxSchema>;
