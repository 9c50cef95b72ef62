import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { readYaml } from "../../cli/check/yaml.ts";
import { runCheck } from "../../cli/commands/check.ts";
import { admission } from "../../core/admission/index.ts";
import { bundle } from "../../core/manifests/index.ts";
import { allowedBy } from "../../core/rules/index.ts";
import { parseSettings } from "../../core/settings/settings.ts";
import { probeScripts } from "../../probe/scripts.ts";
import { inProcess } from "../cli/inProcess.ts";
import { FOLDER, fixtures } from "../core/rules/fixtures.ts";

const AS_KUBECTL_READS = { version: "1.1", aliasDuplicateObjects: false } as const;

const ROOT = join(import.meta.dirname, "..", "..");

/** The verb in this process. */
async function check(args: readonly string[]) {
  const { status, stdout, stderr } = await inProcess(runCheck, args);
  return { status, stdout, stderr, lines: stdout.split("\n").filter(Boolean) };
}

interface Line {
  readonly rule: string;
  readonly file: string;
  readonly document: number;
}

describe("npm run check", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "check-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const reference = (nodes: string[]) => {
    const { namespace, probe, pods } = bundle(parseSettings({ nodes }), probeScripts());
    const objects = [namespace, probe, ...pods.flatMap(({ producer, consumer }) => [producer, consumer])];
    return objects.map((object) => stringify(object, AS_KUBECTL_READS)).join("---\n");
  };

  it("finds the reference bundle and the valid fixtures clean", async () => {
    assert.equal((await check([file("reference.yaml", reference(["k3s-w2"]))])).status, 0);
    const { status, stdout } = await check([join(FOLDER, "valid")]);
    assert.deepEqual([status, stdout], [0, ""]);
  });

  it("lets the generated admission policies through as they are, and no others", async () => {
    const allowed = {
      ...allowedBy(parseSettings({ nodes: ["k3s-w2"] })),
      scripts: probeScripts(),
      sweep: true,
    };
    const policies = admission(allowed).map((object) => stringify(object, AS_KUBECTL_READS));
    assert.equal((await check([file("policies.yaml", policies.join("---\n"))])).status, 0);
    const { status, lines } = await check([
      "--json",
      file(
        "weak.yaml",
        policies.map((text) => text.replace("failurePolicy: Fail", "failurePolicy: Ignore")).join("---\n"),
      ),
    ]);
    assert.equal(status, 1);
    assert.deepEqual(new Set(lines.map((line) => (JSON.parse(line) as Line).rule)), new Set(["known-kinds-only"]));
  });

  it("flags every invalid fixture by its own rule, one JSON object a line", async () => {
    const { status, lines } = await check([join(FOLDER, "invalid"), "--json"]);
    assert.equal(status, 1);
    const found = lines.map((line) => JSON.parse(line) as Line);
    for (const { name, rule } of fixtures("invalid")) {
      const own = found.filter((line) => line.file === join(FOLDER, "invalid", name));
      assert.deepEqual([...new Set(own.map((line) => line.rule))], [rule], name);
      for (const line of own)
        assert.deepEqual(Object.keys(line), [
          "rule",
          "file",
          "document",
          "kind",
          "namespace",
          "name",
          "path",
          "message",
        ]);
    }
  });

  it("judges by the rules that are named only", async () => {
    const { lines } = await check([join(FOLDER, "invalid"), "--json", "--rule", "pinned-images", "no-host-ports"]);
    const rules = new Set(lines.map((line) => (JSON.parse(line) as Line).rule));
    assert.deepEqual([...rules].sort(), ["no-host-ports", "pinned-images"]);
  });

  it("allows what the command line says, or a stack", async () => {
    const two = file("two.yaml", reference(["k3s-w1", "k3s-w2"]));
    assert.equal((await check([two])).status, 1);
    assert.equal((await check([two, "--node", "k3s-w1", "k3s-w2"])).status, 0);
    assert.equal((await check([join(FOLDER, "valid"), "--stack", "homelab"])).status, 0);
    assert.equal((await check([join(FOLDER, "valid"), "--stack", "homelab", "--namespace", "other"])).status, 1);
    assert.equal((await check([join(FOLDER, "valid"), "--bridge", "/tmp/other"])).status, 1);
  });

  it("reads standard input, and counts documents from 1", () => {
    const { status, stdout } = spawnSync(process.execPath, [join(ROOT, "cli", "main.ts"), "check", "-", "--json"], {
      cwd: ROOT,
      input: `${reference(["k3s-w2"])}---\nkind: Secret\napiVersion: v1\n`,
      encoding: "utf8",
    });
    const lines = stdout.split("\n").filter(Boolean);
    assert.equal(status, 1);
    assert.deepEqual([...new Set(lines.map((line) => (JSON.parse(line) as Line).document))], [5]);
  });

  for (const [what, name, text] of [
    ["no YAML", "broken.yaml", "a: [1"],
    ["a tag that nobody knows", "tag.yaml", "kind: !evil x"],
    ["no JSON", "broken.json", "{"],
    ["a merge key that two tools read differently", "merge.yaml", "kind: x\na: 1\n<<: { a: 2 }\n"],
    ["nothing at all", "empty.yaml", "# nothing\n"],
  ] as const)
    it(`ends with 2 where a file holds ${what}`, async () => {
      const { status, stderr } = await check(
        [file(name, text), join(FOLDER, "valid", "consumer.yaml")].slice(0, name === "empty.yaml" ? 1 : 2),
      );
      assert.equal(status, 2, stderr);
      assert.match(stderr, /✗|remedy/);
    });

  it("ends with 2 where a path is missing or empty", async () => {
    assert.equal((await check([join(folder, "nowhere")])).status, 2);
    assert.equal((await check([mkdtempSync(join(folder, "empty-"))])).status, 2);
  });
});

describe("the YAML reader", () => {
  const CASES: readonly (readonly [string, unknown])[] = [
    ["[yes, Yes, on, ON, y, true]", [true, true, true, true, true, true]],
    ["[no, off, n, False]", [false, false, false, false]],
    ["[\"yes\", 'on', yEs, tRUE]", ["yes", "on", "yEs", "tRUE"]],
    ["[010, 0o10, 0x10, 0b11, 1_000, 08, -5, 0]", [8, 8, 16, 3, 1000, 8, -5, 0]],
    ["[~, null, Null, NULL, '']", [null, null, null, null, ""]],
    ["[1.5, 1e3, .5, 2001-01-01, 1:30]", [1.5, 1000, 0.5, "2001-01-01", "1:30"]],
    ["{ a: 1, a: 2 }", { a: 2 }],
    ["{ on: 1 }", { true: 1 }],
    ["{ <<: { a: 1, b: 1 }, a: 2 }", { a: 2, b: 1 }],
    ["{ <<: [{ a: 1 }, { a: 2, b: 2 }] }", { a: 1, b: 2 }],
    ["[&x { a: 1 }, { <<: *x }, *x]", [{ a: 1 }, { a: 1 }, { a: 1 }]],
    ["{ a: 1, <<: { a: 1 } }", { a: 1 }],
  ];
  for (const [text, value] of CASES) it(`reads ${text} as Go does`, () => assert.deepEqual(readYaml(text), [value]));

  it("is not led astray by __proto__", () => {
    const [read] = readYaml(
      "{ __proto__: { privileged: true }, <<: { __proto__: { a: 1 } } }".replace(", <<: { __proto__: { a: 1 } }", ""),
    );
    assert.equal((read as { privileged?: boolean }).privileged, undefined);
  });

  it("refuses an anchor that holds itself, as Go does", () => {
    assert.throws(() => readYaml("&a { a: *a }"), /holds itself/);
    assert.throws(() => readYaml("&a { a: *a, b: { <<: { c: 1 } } }"), /holds itself/);
  });

  it("gives up on more aliases than any manifest has", () => {
    assert.throws(() => readYaml(`a: &a 1\nb: [${"*a,".repeat(200_000)}]`), /aliases stand for/);
  });
});
