import { deepEqual, equal, match, throws } from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { FuseMount, type FuseMountArgs } from "../../components/fuseMount.ts";
import { recipeObjects } from "../../core/recipe/daemon.ts";
import { readerParts } from "../../core/recipe/reader.ts";
import { parseRecipe } from "../../core/recipe/settings.ts";

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

const registered: Registered[] = [];
const value = <T>(output: pulumi.Output<T>): Promise<T> => new Promise((resolve) => output.apply(resolve));

/** Every resource, once the last one is known. */
async function made(args: FuseMountArgs): Promise<{ mount: FuseMount; resources: Registered[] }> {
  const mount = new FuseMount("media", args);
  const children = [mount.namespace, mount.networkPolicy, mount.disruptionBudget, mount.daemon];
  await Promise.all(children.map((child) => child && value(child.urn)));
  return { mount, resources: registered.splice(0) };
}

describe("FuseMount", () => {
  before(async () => {
    await pulumi.runtime.setMocks(
      {
        newResource: ({ type, name, inputs }) => {
          registered.push({ type, name, inputs });
          return { id: `${name}-id`, state: inputs };
        },
        call: ({ inputs }) => inputs,
      },
      "somebody",
      "test",
    );
  });
  beforeEach(() => {
    registered.length = 0;
  });

  const nodes = ["k3s-w2"];

  it("registers a daemon and who may reach it, named from the parent", async () => {
    const { resources } = await made({ nodes });
    deepEqual(resources.map(({ type, name }) => `${type} ${name}`).sort(), [
      "fuse-propagation-test:index:FuseMount media",
      "kubernetes:apps/v1:Deployment media-daemon",
      "kubernetes:networking.k8s.io/v1:NetworkPolicy media-network-policy",
    ]);
  });

  it("registers a namespace and a disruption budget where they are asked for", async () => {
    const { resources } = await made({ nodes, createNamespace: true, disruptionBudget: true });
    deepEqual(resources.map(({ type, name }) => `${type} ${name}`).sort(), [
      "fuse-propagation-test:index:FuseMount media",
      "kubernetes:apps/v1:Deployment media-daemon",
      "kubernetes:core/v1:Namespace media-namespace",
      "kubernetes:networking.k8s.io/v1:NetworkPolicy media-network-policy",
      "kubernetes:policy/v1:PodDisruptionBudget media-disruption-budget",
    ]);
  });

  for (const [what, args] of [
    ["one node", { nodes, grade: "A" }],
    ["a failover", { nodes: ["a", "b"], failover: true, createNamespace: true, disruptionBudget: true, ports: [9999] }],
  ] as const)
    it(`makes the very objects that the recipe writes, with ${what}`, async () => {
      const { mount, resources } = await made(structuredClone(args) as unknown as FuseMountArgs);
      const recipe = parseRecipe(args);
      const byKind = (objects: readonly object[]) =>
        objects.map((one) => JSON.stringify(one, Object.keys(one).sort())).sort();
      const objects = resources.filter(({ type }) => type.startsWith("kubernetes:")).map(({ inputs }) => inputs);
      deepEqual(byKind(objects), byKind(recipeObjects(recipe)));
      for (const object of recipeObjects(recipe))
        deepEqual(
          objects.find(({ kind }) => kind === object.kind),
          JSON.parse(JSON.stringify(object)),
        );
      deepEqual(mount.reader, readerParts(recipe));
      equal(mount.mountPoint, "/mnt/media/remote");
    });

  it("keeps a command secret", async () => {
    const { mount } = await made({ nodes, driver: "command", command: "exec daemon --key k3y" });
    equal(await pulumi.isSecret(mount.daemon.spec), true);
  });

  it("registers nothing where a setting is refused", () => {
    throws(() => new FuseMount("a", { nodes: [], path: "/etc" }), {
      name: "SettingsError",
      message: /path = [\s\S]*nodes = /,
    });
    match(String(registered.length), /^0$/);
  });
});
