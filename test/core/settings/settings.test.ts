import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { parse } from "yaml";
import { z } from "zod";
import { parseSettings, SettingsError, schema, settingsFromConfig } from "../../../core/settings/settings.ts";
import { homelab } from "../../homelab.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const FIXTURES = join(ROOT, "test", "fixtures", "settings");
const fixtures = (kind: string) =>
  readdirSync(join(FIXTURES, kind)).map((name) => ({ name, text: readFileSync(join(FIXTURES, kind, name), "utf8") }));

const faultsOf = (input: unknown) => {
  try {
    parseSettings(input);
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error));
    return error.faults;
  }
  return [];
};

interface Json {
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Json>>;
  readonly items?: Json;
}

/** The values and the keys that a description has to name: Pulumi's own types of settings cannot. */
const words = ({ enum: values = [], properties = {}, items }: Json): string[] => [
  ...values,
  ...Object.entries(properties).flatMap(([key, below]) => [key, ...(below.enum ?? [])]),
  ...(items ? words(items) : []),
];

describe("settings", () => {
  for (const { name, text } of fixtures("valid")) {
    it(`accepts ${name}`, () => assert.deepEqual(faultsOf(parse(text)), []));
  }

  for (const { name, text } of fixtures("invalid")) {
    it(`refuses ${name}, naming key, value and remedy`, () => {
      const key = /^# key: (.*)$/m.exec(text)?.[1];
      const remedy = /^# remedy: (.*)$/m.exec(text)?.[1] ?? "?";
      const faults = faultsOf(parse(text));
      assert.equal(faults.length, 1, JSON.stringify(faults));
      assert.equal(faults[0]?.key, key);
      assert.ok(faults[0]?.remedy.includes(remedy), faults[0]?.remedy);
      assert.notEqual(faults[0]?.value, "");
    });
  }

  it("has at least 25 ways to be wrong, each in a file of its own", () => {
    assert.ok(fixtures("invalid").length >= 25);
  });

  it("reports every fault of an input at once", () => {
    const faults = faultsOf({ nodes: [""], bridge: "/etc", namespace: "default", markerWaitSeconds: 0, nope: 1 });
    assert.deepEqual(faults.map(({ key }) => key).sort(), [
      "bridge",
      "markerWaitSeconds",
      "namespace",
      "nodes[0]",
      "nope",
    ]);
  });

  it("shows neither a command, which may hold a key, nor what was given to a key that there is none of", () => {
    const inputs = [{ command: "run --key=SECRET" }, { driver: "command", command: ["SECRET"] }, { comand: "SECRET" }];
    for (const input of inputs) {
      const faults = faultsOf({ nodes: ["a"], ...input });
      assert.match(faults.map(({ key }) => key).join(), /com+and/);
      assert.doesNotMatch(JSON.stringify(faults), /SECRET/);
      assert.throws(
        () => parseSettings({ nodes: ["a"], ...input }),
        (error: Error) => !error.message.includes("SECRET"),
      );
    }
  });

  it("never throws anything but a SettingsError, whatever it is given", () => {
    fc.assert(
      fc.property(fc.anything(), (input) => {
        assert.ok(Array.isArray(faultsOf(input)));
      }),
    );
  });

  it("reads the same settings from the texts of a Pulumi configuration", () => {
    const given = {
      nodes: ["k3s-w2"],
      markerWaitSeconds: 45,
      tolerations: [{ key: "a", effect: "NoSchedule" as const }],
      run: "7",
    };
    const all = Object.fromEntries(
      Object.entries(given).map(([key, value]) => [
        `p:${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    );
    assert.deepEqual(settingsFromConfig({ ...all, "kubernetes:context": "home" }, "p"), parseSettings(given));
  });

  it("names a configuration text that is no number as it was written", () => {
    assert.throws(
      () => settingsFromConfig({ "p:nodes": '["a"]', "p:probeSeconds": "two" }, "p"),
      /probeSeconds = "two"/,
    );
  });

  it("is declared in Pulumi.yaml, key by key, with its type, default and a description that names all it takes", () => {
    const project = parse(readFileSync(join(ROOT, "Pulumi.yaml"), "utf8"));
    const declared = Object.fromEntries(
      Object.entries(project.config as Record<string, object>).map(([key, value]) => [key.split(":")[1], value]),
    ) as Record<string, { type: string; default?: unknown; description: string }>;
    assert.deepEqual(Object.keys(declared).sort(), Object.keys(schema.shape).sort());
    const defaults = parseSettings({ nodes: ["n"] });
    for (const [key, field] of Object.entries(schema.shape)) {
      const json = z.toJSONSchema(field, { io: "input", unrepresentable: "any" });
      assert.equal(declared[key]?.type, json.type, key);
      assert.equal(declared[key]?.description, field.description, key);
      for (const word of words(json as Json)) assert.match(field.description ?? "", new RegExp(`\\b${word}\\b`), key);
      if (key !== "nodes") assert.deepEqual(declared[key]?.default, defaults[key as keyof typeof defaults], key);
    }
  });

  it("accepts the homelab stack as it stands", () => {
    const { nodes, namespace, bridge, tolerations, decision } = homelab();
    assert.deepEqual(
      { nodes, namespace, bridge, tolerations, decision },
      {
        nodes: ["k3s-w2"],
        namespace: "fuse-test",
        bridge: "/tmp/fuse-test-bridge",
        tolerations: [{ key: "node.longhorn.io/storage", operator: "Equal", value: "enabled", effect: "NoSchedule" }],
        decision: {
          success: "Containerise Decypharr in k3s, drop SMB/CIFS, gain HA and GitOps.",
          failure: "Keep SMB/CIFS with LD_PRELOAD.",
          waysOut: ["keep LD_PRELOAD in the readers"],
        },
      },
    );
  });
});
