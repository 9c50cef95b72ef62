import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { judgeFiles } from "../../cli/check/judge.ts";
import { readYaml } from "../../cli/check/yaml.ts";
import { RULES, violationsOf } from "../../core/rules/index.ts";
import { ALLOWED } from "../core/rules/fixtures.ts";
import { EVIL, exitOf, GOOD, HIDDEN } from "./hidden.ts";

describe("what hides from check", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hidden-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, text: string): string => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  for (const { what, files, paths = ["."], exit } of HIDDEN)
    it(`${exit === 0 ? "is not" : "is found"}: ${what}`, () => {
      for (const [name, text] of Object.entries(files)) write(name, text);
      assert.equal(exitOf(paths.map((path) => join(folder, path))), exit);
    });

  it("is no pipe, which would be waited for", () => {
    const pipe = join(folder, "a.yaml");
    assert.equal(spawnSync("mkfifo", [pipe]).status, 0);
    assert.equal(exitOf([folder]), 2);
    assert.equal(exitOf([pipe]), 2);
  });

  it("is no loop of links", () => {
    symlinkSync(".", join(folder, "again"));
    write("b.yaml", "a: 1");
    assert.equal(exitOf([folder]), 0);
    symlinkSync("loop.yaml", join(folder, "loop"));
    symlinkSync("loop", join(folder, "loop.yaml"));
    assert.equal(exitOf([folder]), 2);
  });

  it("is nothing that kustomize alone makes, where it is at hand", () => {
    write("kustomization.yaml", "resources: [good.yaml]\n");
    write("good.yaml", GOOD);
    const program = (text: string) => write("kustomize", text);
    const judged = () => judgeFiles([folder], ALLOWED, RULES, () => {}, join(folder, "kustomize"));
    assert.deepEqual([judged().built, judged().objects], [false, 2]);
    program(`#!/bin/sh\n[ "$*" = "build -- ${folder}" ] && cat <<'EOF'\n${EVIL}EOF\n`);
    chmodSync(join(folder, "kustomize"), 0o755);
    const { built, objects, violations } = judged();
    assert.deepEqual([built, objects, violations], [true, 3, 1]);
    program("#!/bin/sh\necho no >&2; exit 1\n");
    assert.match(judged().unreadable[0]?.words ?? "", /kustomize refuses it: no/);
    // It would fetch what is elsewhere.
    write("kustomization.yaml", "resources: [good.yaml, 'https://host.example/x']\n");
    assert.deepEqual([judged().built, judged().violations], [false, 1]);
  });

  it("says which directory cannot be read", function () {
    if (process.getuid?.() !== 0 || !process.seteuid) this.skip();
    mkdirSync(join(folder, "closed"), { mode: 0o700 });
    spawnSync("chmod", ["755", folder]);
    process.seteuid(65534);
    try {
      const { unreadable } = judgeFiles([folder], ALLOWED, RULES, () => {});
      assert.deepEqual(
        unreadable.map(({ file }) => file),
        [join(folder, "closed")],
      );
      assert.match(unreadable[0]?.words ?? "", /EACCES/);
    } finally {
      process.seteuid(0);
    }
  });
});

/** A slow machine takes several times as long; what is unbounded takes for ever, or all memory. */
const PATIENCE_MS = 15_000;

describe("check on what is made to exhaust it", () => {
  const bounded = (body: () => void) => {
    const [from, before] = [performance.now(), process.memoryUsage().heapUsed];
    body();
    assert.ok(performance.now() - from < PATIENCE_MS);
    assert.ok(process.memoryUsage().heapUsed - before < 1e9);
  };
  const refused = (text: string, words: RegExp) => bounded(() => assert.throws(() => readYaml(text), words));
  const chain = (entry: (name: string, before: string) => string, links: number): string =>
    Array.from({ length: links }, (_, index) => entry(`a${index + 1}`, `a${index}`)).join("\n");

  it("gives up on an alias of what it stands in", () => refused("a: &a [*a, *a]\n", /holds itself/));

  it("gives up on aliases of aliases", () =>
    refused(
      `a0: &a0 x\n${chain((name, before) => `${name}: &${name} [${`*${before}, `.repeat(9)}]`, 60)}\n`,
      /aliases stand for/,
    ));

  it("gives up on merges of merges", () =>
    refused(
      `a0: &a0 { x: 1 }\n${chain((name, before) => `${name}: &${name} { <<: [*${before}, *${before}], ${name}: *${before} }`, 60)}\n`,
      /aliases? .*stand for|keys stand for|nest values deeper/,
    ));

  it("gives up on aliases that nest without end", () =>
    refused(`a0: &a0 []\n${chain((name, before) => `${name}: &${name} [*${before}]`, 150)}\n`, /deeper/));

  it("judges a pod of very many containers", () => {
    const containers = Array.from({ length: 20_000 }, (_, index) => ({
      name: `c${index}`,
      volumeMounts: [{ name: `v${index}`, mountPath: "/x", mountPropagation: "Bidirectional" }],
    }));
    const volumes = containers.map((_, index) => ({ name: `v${index}`, hostPath: { path: "/etc" } }));
    const metadata = { name: "fuse-producer", namespace: "fuse-test" };
    bounded(() =>
      assert.ok(
        violationsOf({ apiVersion: "v1", kind: "Pod", metadata, spec: { containers, volumes } }, ALLOWED).length > 0,
      ),
    );
  });

  it("judges a container of very many mounts and variables", () => {
    const volumeMounts = Array.from({ length: 30_000 }, () => ({
      name: "b",
      mountPath: "/bridge",
      mountPropagation: "Bidirectional",
    }));
    const env = volumeMounts.map(() => ({ name: "RUN", value: "a" }));
    const container = { name: "fuse-producer", command: ["sh", "/probe/producer.sh"], env, volumeMounts };
    const spec = { containers: [container], volumes: [{ name: "b", hostPath: { path: ALLOWED.bridge } }] };
    const metadata = { name: "fuse-producer", namespace: "fuse-test" };
    bounded(() => assert.ok(violationsOf({ apiVersion: "v1", kind: "Pod", metadata, spec }, ALLOWED).length > 0));
  });

  it("judges a list of very many entries, and lists in lists", () => {
    bounded(() =>
      assert.ok(violationsOf({ apiVersion: "v1", kind: "List", items: Array(500_000).fill({}) }, ALLOWED).length > 0),
    );
    let nested: object = { apiVersion: "v1", kind: "List", items: [] };
    for (let depth = 0; depth < 5000; depth++) nested = { apiVersion: "v1", kind: "List", items: [nested] };
    bounded(() => assert.ok(violationsOf(nested, ALLOWED).some(({ rule }) => rule === "known-kinds-only")));
  });
});
