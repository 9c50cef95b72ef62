import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runDiagnose } from "../../cli/commands/diagnose.ts";
import { runRecipe } from "../../cli/commands/recipe.ts";
import { inProcess } from "./inProcess.ts";

const ROOT = join(import.meta.dirname, "..", "..");

const run = (args: readonly string[]) => inProcess(runRecipe, args);

/** With a verdict on its standard input. */
function fed(args: readonly string[], input: string) {
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, "cli/main.ts"), "recipe", ...args], {
    encoding: "utf8",
    input,
  });
  return { status, stderr };
}

const VERDICT = {
  nodes: {
    good: { verdict: "success", grade: "A", cause: "success" },
    fair: { verdict: "success", grade: "B", cause: "success" },
    bad: { verdict: "failure", grade: "C", cause: "node-root-private" },
  },
};

describe("recipe --out CHECKOUT", () => {
  let checkout = "";
  let verdict = "";
  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), "recipe-"));
    verdict = join(checkout, "verdict.json");
    writeFileSync(verdict, JSON.stringify(VERDICT));
    mkdirSync(join(checkout, "apps"));
    writeFileSync(join(checkout, "apps/kustomization.yaml"), "resources: [sonarr]\n");
  });
  afterEach(() => rmSync(checkout, { recursive: true, force: true }));

  const all = () => readdirSync(checkout, { recursive: true, encoding: "utf8" }).sort();
  const recipe = (...args: string[]) => run(["--out", checkout, "-d", "apps/media", "--verdict", verdict, ...args]);
  const daemon = () => readFileSync(join(checkout, "apps/media/daemon.yaml"), "utf8");

  it("writes what the verdict allows, once, and takes it out again", async () => {
    const before = all();
    const first = await recipe("--node", "good", "--reader", "sonarr", "StatefulSet/plex:plex,tools", "--json");
    assert.equal(first.status, 0, first.stderr);
    const { changes } = JSON.parse(first.stdout) as { changes: { path: string; change: string }[] };
    assert.deepEqual(
      changes.map(({ path, change }) => `${change} ${path}`),
      [
        "created apps/media/network-policy.yaml",
        "created apps/media/daemon.yaml",
        "created apps/media/readers/sonarr/patch.yaml",
        "created apps/media/readers/plex.statefulset/patch.yaml",
        "created apps/media/readers/sonarr/kustomization.yaml",
        "created apps/media/readers/plex.statefulset/kustomization.yaml",
        "created apps/media/kustomization.yaml",
        "updated apps/kustomization.yaml",
      ],
    );
    assert.match(daemon(), /kubernetes\.io\/hostname: good/);
    const again = await recipe("--node", "good", "--reader", "sonarr", "StatefulSet/plex:plex,tools", "--check");
    assert.equal(again.status, 0, again.stderr);
    const other = await recipe("--node", "fair", "--reader", "sonarr", "StatefulSet/plex:plex,tools", "--check");
    assert.equal(other.status, 1);
    assert.match(other.stdout, /-.*hostname: good\n\+.*hostname: fair/);
    assert.equal((await recipe("--node", "good", "--remove")).status, 0);
    assert.deepEqual(all(), before);
    assert.equal(readFileSync(join(checkout, "apps/kustomization.yaml"), "utf8"), "resources: [sonarr]\n");
  });

  it("takes a single amount, and leaves the others as they are", async () => {
    assert.equal((await recipe("--node", "good", "--set", "resources.producer.limits.memory=512Mi")).status, 0);
    assert.match(daemon(), /limits:\n +cpu: "2"\n +memory: 512Mi\n/);
  });

  it("is prompt with readers of grade B, and patient with those of grade A", async () => {
    const threshold = async (node: string) => {
      assert.equal((await recipe("--node", node, "--reader", "sonarr")).status, 0);
      return /failureThreshold: (\d+)/.exec(
        readFileSync(join(checkout, "apps/media/readers/sonarr/patch.yaml"), "utf8"),
      )?.[1];
    };
    assert.deepEqual([await threshold("good"), await threshold("fair")], ["12", "2"]);
  });

  it("takes nodes that were never tested only by that word, and then warns of them", async () => {
    const before = all();
    const { status, stderr } = await recipe("--node", "good", "--failover", "new");
    assert.equal(status, 2, stderr);
    assert.match(
      stderr,
      /nodes = "new": the verdict says nothing of it: test with `npm start -- --node good new --json/,
    );
    assert.deepEqual(all(), before);
    const untested = await recipe("--node", "good", "--failover", "new", "--untested");
    assert.equal(untested.status, 0, untested.stderr);
    assert.match(untested.stderr, /new: never tested.*npm start -- --node good new --json >verdict\.json/);
    assert.match(untested.stderr, /· for nodes good, new, grade B\n/);
  });

  it("says for which nodes and grade it is", async () => {
    assert.match((await recipe("--node", "good")).stderr, /· for node good, grade A\n/);
    const { stdout } = await recipe("--node", "good", "--json");
    const { nodes, grade } = JSON.parse(stdout) as { nodes: string[]; grade: string };
    assert.deepEqual([nodes, grade], [["good"], "A"]);
    assert.doesNotMatch((await recipe("--node", "good", "--remove")).stderr, /grade/);
  });

  const refused: readonly [what: string, args: string[], words: RegExp][] = [
    ["a node of grade C", ["--node", "bad"], /nodes = "bad": .*node-root-private.*npm start -- --node bad/],
    [
      "a setting that there is none of",
      ["--node", "good", "--set", "prodcerImage=x"],
      /prodcerImage = \(not shown\): there is no such key; did you mean producerImage\?/,
    ],
    [
      "a part of a setting that there is none of",
      ["--node", "good", "--set", "resources.prodcer.limits.cpu=1"],
      /resources\.prodcer = .*did you mean producer\?/,
    ],
    ["resources that are no map", ["--node", "good", "--set", "resources=1Gi"], /resources = "1Gi": give a map/],
    ["nodes that are no list", ["--set", "nodes=good"], /nodes = "good": give a list/],
    ["a setting that it has an option for", ["--node", "good", "--set", "bridge=/srv/x"], /bridge = .*give --path/],
    [
      "a setting that it does not take",
      ["--node", "good", "--set", "markerFile=x", "resources.consumer.limits.cpu=1"],
      /markerFile = "x": a recipe does not take it: it takes .*resources\.producer\n.*resources\.consumer = /,
    ],
    [
      "an amount, by the key that was typed",
      ["--node", "good", "--set", "resources.producer.limits.cpu=0", "producerImage=a:latest"],
      /producerImage = "a:latest"[\s\S]* resources\.producer\.limits\.cpu = .*/,
    ],
    ["two nodes without failover", [], /nodes = \["good","fair"\]: .*--failover/],
    [
      "a driver command without its command",
      ["--node", "good", "--set", "driver=command"],
      /command = \(missing\): give the shell command/,
    ],
    [
      "a mount path of the system",
      ["--node", "good", "--path", "/etc/media"],
      /path = "\/etc\/media": .*outside \/etc/,
    ],
    ["a directory outside of the checkout", ["--node", "good", "-d", "../media"], /--directory \.\.\/media is refused/],
    ["a reader that is none", ["--node", "good", "--reader", "a/b/c:d"], /names no workload|readers/],
    [
      "a kind that is none",
      ["--node", "good", "--reader", "Job/a"],
      /readers\[0\]\.kind = "Job": use one of Deployment/,
    ],
  ];
  for (const [what, args, words] of refused)
    it(`refuses ${what}, and writes nothing`, async () => {
      const before = all();
      const { status, stderr } = await recipe(...args);
      assert.equal(status, 2, stderr);
      assert.match(stderr, words);
      assert.deepEqual(all(), before);
    });

  it("refuses a mount point that another recipe has, and writes nothing", async () => {
    assert.equal((await recipe("--node", "good")).status, 0);
    const before = all();
    const { status, stderr } = await run([
      "--out",
      checkout,
      "-d",
      "apps/b",
      "--verdict",
      verdict,
      "--node",
      "good",
      "--name",
      "b",
    ]);
    assert.equal(status, 2);
    assert.match(stderr, /mount = "\/mnt\/media\/remote": apps\/media\/daemon\.yaml mounts at/);
    assert.deepEqual(all(), before);
  });

  it("goes only once nobody names it any more, unless forced", async () => {
    assert.equal((await recipe("--node", "good", "--reader", "sonarr")).status, 0);
    mkdirSync(join(checkout, "apps/sonarr"));
    writeFileSync(
      join(checkout, "apps/sonarr/kustomization.yaml"),
      "resources: []\ncomponents:\n- ../media/readers/sonarr\n",
    );
    const before = all();
    const { status, stderr } = await recipe("--node", "good", "--remove");
    assert.equal(status, 2, stderr);
    assert.match(
      stderr,
      /would not build: apps\/sonarr\/kustomization\.yaml:3 names \.\.\/media\/readers\/sonarr\n {2}remedy: take that line out first.*--force\. Nothing was written/,
    );
    assert.deepEqual(all(), before);
    const forced = await recipe("--node", "good", "--remove", "--force");
    assert.equal(forced.status, 0, forced.stderr);
    assert.match(forced.stderr, /! apps\/sonarr\/kustomization\.yaml:3 names .*, which goes: it does not build then/);
    assert.equal(existsSync(join(checkout, "apps/media")), false);
  });

  it("needs a verdict, or the word that there is none", async () => {
    const without = await run(["--out", checkout, "--node", "good"]);
    assert.equal(without.status, 2);
    assert.match(without.stderr, /no verdict is given[\s\S]*npm start -- --node good --json/);
    assert.equal(existsSync(join(checkout, "media")), false);
    const untested = await run(["--out", checkout, "--node", "good", "--untested"]);
    assert.equal(untested.status, 0, untested.stderr);
    assert.match(untested.stderr, /good: never tested/);
    for (const text of ["", "{}", '{"nodes":{}}']) {
      const { status, stderr } = fed(["--out", checkout, "--verdict", "-"], text);
      assert.equal(status, 2, text);
      assert.match(stderr, /the document that `npm start -- --json` prints/);
    }
  });

  it("leaves a file that was edited by hand, and says so", async () => {
    assert.equal((await recipe("--node", "good")).status, 0);
    const mine = `${daemon()}# mine\n`;
    writeFileSync(join(checkout, "apps/media/daemon.yaml"), mine);
    const { status, stderr } = await recipe("--node", "fair");
    assert.equal(status, 1);
    assert.match(stderr, /daemon\.yaml was edited by hand/);
    assert.equal(daemon(), mine);
    assert.equal((await recipe("--node", "fair", "--force")).status, 0);
    assert.match(daemon(), /hostname: fair/);
  });
});

describe("docs/recipes.md", () => {
  const page = readFileSync(join(ROOT, "docs/recipes.md"), "utf8");
  const commands = [...page.matchAll(/^npm run recipe -- (.*)$/gm)].map(([, words = ""]) => words);
  const scripts = new Map(
    [...page.matchAll(/`([\w-]+\.sh)`:\n\n```sh\n([\s\S]*?)```/g)].map(([, name = "", text = ""]) => [name, text]),
  );

  it("has commands, and the scripts that they name", () => {
    assert.ok(commands.length >= 6);
    assert.deepEqual([...scripts.keys()], ["daemon.sh", "decypharr.sh", "juicefs.sh"]);
  });

  let checkout = "";
  before(() => {
    checkout = mkdtempSync(join(tmpdir(), "recipes-"));
    const node = { verdict: "success", grade: "A", cause: "success" };
    writeFileSync(join(checkout, "one.json"), JSON.stringify({ nodes: { "my-node": node } }));
    writeFileSync(join(checkout, "two.json"), JSON.stringify({ nodes: { "node-a": node, "node-b": node } }));
    for (const [name, text] of scripts) writeFileSync(join(checkout, name), text);
    mkdirSync(join(checkout, "gitops"));
  });
  after(() => rmSync(checkout, { recursive: true, force: true }));

  for (const [nth, words] of commands.entries())
    it(`writes with its command ${nth + 1} what diagnose finds nothing wrong in`, async () => {
      const out = join(checkout, String(nth));
      cpSync(join(checkout, "gitops"), out, { recursive: true });
      const args = words
        .split(" ")
        .map((word) => word.replace("~/gitops", out).replace("command=@", `command=@${checkout}/`))
        .map((word) =>
          word === "verdict.json" ? join(checkout, words.includes("--failover") ? "two.json" : "one.json") : word,
        );
      const { status, stderr } = await run(args);
      assert.equal(status, 0, stderr);
      // The patches as files: with their kustomizations they would be parts of what nobody builds here.
      const manifests = readdirSync(out, { recursive: true, encoding: "utf8" }).filter((name) =>
        /(daemon|patch)\.yaml$/.test(name),
      );
      const diagnosed = await inProcess(runDiagnose, ["--strict", ...manifests.map((name) => join(out, name))]);
      assert.equal(diagnosed.status, 0, diagnosed.stdout);
      assert.match(diagnosed.stderr, /nothing wrong found in the manifests of 1 FUSE daemon and [12] reader/);
      for (const [name, text] of scripts)
        if (words.includes(name))
          assert.ok(
            readFileSync(join(out, words.split(" ")[3] ?? "", "daemon.yaml"), "utf8").includes(
              text.trim().split("\n").at(-1) ?? "",
            ),
          );
    });
});
