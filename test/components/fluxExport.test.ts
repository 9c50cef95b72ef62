import { deepEqual, equal, notEqual, throws } from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { FluxExport } from "../../components/fluxExport.ts";

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

const registered: Registered[] = [];

const value = <T>(output: pulumi.Output<T>): Promise<T> => new Promise((resolve) => output.apply(resolve));

async function command(flux: object): Promise<Record<string, unknown>> {
  const exported = new FluxExport("homelab", { nodes: ["k3s-w2"], flux: { checkout: "/gitops", ...flux } });
  equal((await value(exported.exported)).enabled, false);
  return registered.pop()?.inputs ?? {};
}

describe("FluxExport", () => {
  before(async () => {
    await pulumi.runtime.setMocks(
      {
        newResource: ({ type, name, inputs }) => {
          registered.push({ type, name, inputs });
          const stdout = JSON.stringify({ enabled: false, notes: [], changes: [], edited: [] });
          return { id: `${name}-id`, state: { ...inputs, stdout } };
        },
        call: ({ inputs }) => inputs,
      },
      "fuse-propagation-test",
      "test",
    );
  });
  beforeEach(() => {
    registered.length = 0;
  });
  it("registers one command, named from the parent", async () => {
    const exported = new FluxExport("homelab", { nodes: ["k3s-w2"], flux: { checkout: "/gitops" } });
    await value(exported.exported);
    deepEqual(registered.map(({ type, name }) => `${type} ${name}`).sort(), [
      "command:local:Command homelab-files",
      "fuse-propagation-test:index:FluxExport homelab",
    ]);
  });

  it("writes on create and update, and removes on delete, with the settings on standard input", async () => {
    const { create, update, delete: remove, stdin } = await command({ enabled: true });
    equal(create, "exec sh cli/node.sh cli/main.ts export --stdin --json");
    equal(update, create);
    equal(remove, "exec sh cli/node.sh cli/main.ts export --stdin --json --remove");
    const given = JSON.parse(String(stdin));
    deepEqual([given.nodes, given.flux.checkout, given.flux.enabled], [["k3s-w2"], "/gitops", true]);
  });

  it("refuses a namespace that may be somebody else's: Flux would take it over, and prune it whole", () => {
    const flux = { checkout: "/gitops" };
    throws(() => new FluxExport("homelab", { nodes: ["k3s-w2"], namespace: "media", flux }), {
      name: "SettingsError",
      message: /namespace = "media": .* with fuse in its name, such as fuse-test/,
    });
    deepEqual(registered, []);
  });

  it("is another export in another place, and the same one for other settings", async () => {
    const { triggers } = await command({});
    deepEqual((await command({ enabled: true, force: true })).triggers, triggers);
    for (const place of [{ checkout: "/b" }, { cluster: "b" }, { path: "b" }, { group: "b" }, { entry: "b" }])
      notEqual(String((await command(place)).triggers), String(triggers), JSON.stringify(place));
  });

  it("registers nothing where a setting is refused", () => {
    throws(() => new FluxExport("a", { nodes: [], flux: { checkout: "/gitops" } }), /nodes/);
    throws(() => new FluxExport("b", { nodes: ["a"], flux: { checkout: "/gitops", cluster: "../x" } }), /cluster/);
    deepEqual(registered, []);
  });
});
