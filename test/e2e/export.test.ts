/** `npm run export` as a user runs it, on checkouts on disk. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROGRAM = join(import.meta.dirname, "..", "..", "cli", "main.ts");
const GROUP = "clusters/homelab/testing/kustomization.yaml";
const CLUSTER = "clusters/homelab/kustomization.yaml";
const ENTRY = "clusters/homelab/testing/fuse-propagation-test";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "export-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const command = (args: readonly string[]) => [
  "--disable-warning=ExperimentalWarning",
  PROGRAM,
  "export",
  "--out",
  root,
  ...args,
];

function run(args: readonly string[] = [], input = "") {
  const { status, stdout, stderr } = spawnSync(process.execPath, command(args), { encoding: "utf8", input });
  return { code: status, stdout, stderr };
}

/** Every file below the checkout by its path. */
function contents(directory = root): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [path.slice(directory.length + 1), readFileSync(path, "utf8")]));
}

function write(path: string, text: string, directory = root): void {
  mkdirSync(join(directory, path, ".."), { recursive: true });
  writeFileSync(join(directory, path), text);
}

describe("npm run export", () => {
  it("writes the files, commented out, and nothing the second time", () => {
    const first = run(["--json"]);
    equal(first.code, 0, first.stderr);
    equal(JSON.parse(first.stdout).enabled, false);
    const made = contents();
    match(made[GROUP] ?? "", /^ {2}# - fuse-propagation-test$/m);
    const times = Object.keys(made).map((path) => statSync(join(root, path)).mtimeMs);
    deepEqual(JSON.parse(run(["--json"]).stdout).changes, []);
    deepEqual(
      Object.keys(made).map((path) => statSync(join(root, path)).mtimeMs),
      times,
      "not even written again",
    );
    equal(run(["--remove"]).code, 0);
    deepEqual(readdirSync(root), [], "no directory is left either");
  });

  it("checks without writing: exit code 1 and a unified diff where anything differs", () => {
    const absent = run(["--check"]);
    equal(absent.code, 1);
    match(
      absent.stdout,
      /^--- \/dev\/null\n\+\+\+ b\/clusters\/homelab\/testing\/fuse-propagation-test\/namespace\.yaml$/m,
    );
    deepEqual(contents(), {});
    run(["--enable"]);
    deepEqual([run(["--check"]).code, run(["--check"]).stdout], [0, ""]);
    const edited = readFileSync(join(root, ENTRY, "producer.yaml"), "utf8").replace(
      "privileged: true",
      "privileged: false",
    );
    write(`${ENTRY}/producer.yaml`, edited);
    const drift = run(["--check"]);
    equal(drift.code, 1);
    match(drift.stdout, /^- +privileged: false\n\+ +privileged: true$/m);
    match(drift.stderr, /producer\.yaml was edited by hand/);
  });

  it("leaves hand-edited files alone without --force, and everything else with them", () => {
    run([]);
    const original = contents();
    write(`${ENTRY}/consumer.yaml`, `${original[`${ENTRY}/consumer.yaml`]}# mine\n`);
    const before = contents();
    for (const args of [["--enable"], ["--set", "run=other"], ["--remove"]]) {
      const refused = run(args);
      equal(refused.code, 1, args.join(" "));
      match(refused.stderr, /consumer\.yaml was edited by hand/);
      deepEqual(contents(), before);
    }
    equal(run(["--force"]).code, 0);
    deepEqual(contents(), original);
  });

  it("writes again what other settings change, without taking its own files for edited ones", () => {
    run(["--enable"]);
    const changed = run(["--json", "--set", "run=again", "inspectionMinutes=5"]);
    equal(changed.code, 0, changed.stderr);
    const paths = JSON.parse(changed.stdout).changes.map(({ path }: { path: string }) => path);
    ok(paths.includes(`${ENTRY}/producer.yaml`) && !paths.includes(GROUP), paths.join());
    match(contents()[GROUP] ?? "", /^ {2}- fuse-propagation-test$/m);
  });

  it("moves the files when the test gets a Flux Kustomization of its own, and back", () => {
    run(["--enable"]);
    const plain = contents();
    equal(run(["--flux-kustomization"]).code, 0);
    ok(existsSync(join(root, ENTRY, "flux.yaml")) && existsSync(join(root, ENTRY, "app/producer.yaml")));
    ok(!existsSync(join(root, ENTRY, "producer.yaml")));
    equal(run([]).code, 0);
    deepEqual(contents(), plain);
    ok(!existsSync(join(root, ENTRY, "app")));
  });

  it("keeps the file's mode, and another cluster's files", () => {
    write(GROUP, "resources: []\n");
    chmodSync(join(root, GROUP), 0o640);
    write("clusters/other/kustomization.yaml", "resources: []\n");
    run(["--enable"]);
    equal(statSync(join(root, GROUP)).mode & 0o777, 0o640);
    equal(run(["--cluster", "other"]).code, 0);
    ok(existsSync(join(root, "clusters/other/testing/fuse-propagation-test/producer.yaml")));
    run(["--cluster", "other", "--remove"]);
    equal(contents()["clusters/other/kustomization.yaml"], "resources: []\n");
    ok(existsSync(join(root, ENTRY, "producer.yaml")));
  });

  it("takes settings from standard input, as the component gives them", () => {
    const flux = { checkout: root, cluster: "lab", path: "k8s", group: "tests", entry: "fuse", enabled: true };
    const given = run(["--stdin", "--json"], JSON.stringify({ nodes: ["a"], flux }));
    equal(given.code, 0, given.stderr);
    match(contents()["k8s/tests/kustomization.yaml"] ?? "", /^ {2}- fuse$/m);
    equal(run(["--stdin", "--remove"], JSON.stringify({ nodes: ["a"], flux })).code, 0);
    deepEqual(contents(), {});
  });

  it("refuses a checkout that is not there, and a list that no line can be added to, with a remedy", () => {
    const gone = spawnSync(process.execPath, [PROGRAM, "export", "--out", join(root, "gone")], { encoding: "utf8" });
    equal(gone.status, 2);
    match(gone.stderr, /remedy:/);
    write(GROUP, "resources: text\n");
    const refused = run([]);
    equal(refused.code, 2);
    match(refused.stderr, /testing\/kustomization\.yaml: `resources` is no list of its own/);
  });
});

describe("an export and symbolic links", () => {
  it("refuses those that leave the checkout, for a directory and for a file", () => {
    const outside = mkdtempSync(join(tmpdir(), "outside-"));
    try {
      symlinkSync(outside, join(root, "clusters"));
      const refused = run([]);
      equal(refused.code, 2);
      match(refused.stderr, /symbolic link that leads out of the checkout/);
      deepEqual(readdirSync(outside), []);
      rmSync(join(root, "clusters"));
      write(CLUSTER, "resources: []\n");
      mkdirSync(join(root, ENTRY), { recursive: true });
      symlinkSync(join(outside, "x"), join(root, ENTRY, "producer.yaml"));
      equal(run([]).code, 2);
      deepEqual(readdirSync(outside), []);
    } finally {
      rmSync(outside, { recursive: true });
    }
  });

  it("follows those that stay in it", () => {
    write("real/kustomization.yaml", "resources: []\n");
    mkdirSync(join(root, "clusters"));
    symlinkSync("../real", join(root, "clusters/homelab"));
    equal(run(["--enable"]).code, 0);
    ok(existsSync(join(root, "real/testing/fuse-propagation-test/producer.yaml")));
    run(["--remove"]);
    equal(contents()["real/kustomization.yaml"], "resources: []\n");
  });
});

describe("an export that is killed", () => {
  const START = {
    [CLUSTER]: "# mine\nresources: [apps]\n",
    [GROUP]: "# mine too\nresources:\n- other # x",
  };
  const LOOP = join(import.meta.dirname, "exportLoop.ts");

  /** Every text that a file may have in between: that of one of the states it goes through, or none. */
  function knownStates(): Map<string, Set<string>> {
    const known = new Map<string, Set<string>>();
    const b = ["--set", "run=b"];
    for (const action of [["--remove"], [], ["--enable"], [...b, "--disable"], b, [...b, "--enable"], ["--remove"]]) {
      equal(run(action).code, 0);
      for (const [path, text] of Object.entries(contents()))
        known.set(path, (known.get(path) ?? new Set<string>()).add(text));
    }
    return known;
  }

  /** Kills one export after the other, in a checkout of its own. Returns how often files were missing, or half written. */
  async function attack(directory: string, known: ReadonlyMap<string, Set<string>>, kills: number) {
    const left = { some: 0, temporary: 0 };
    for (const [path, text] of Object.entries(START)) write(path, text, directory);
    for (let kill = 0; kill < kills; kill++) {
      const child = spawn(process.execPath, [LOOP, directory], { stdio: ["ignore", "pipe", "inherit"] });
      const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
      await new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 200));
      child.kill("SIGKILL");
      await ended;
      equal(child.signalCode, "SIGKILL", "it ran until it was killed");
      const now = contents(directory);
      for (const [path, text] of Object.entries(now)) {
        if (path.endsWith("~")) left.temporary++;
        else ok(known.get(path)?.has(text), `${path} is none of the known states:\n${text}`);
      }
      for (const path of Object.keys(START)) ok(path in now, `${path} is lost`);
      const files = Object.keys(now).filter((path) => path.startsWith(ENTRY)).length;
      if (files > 0 && files < 5) left.some++;
    }
    const last = ["--out", directory];
    for (const args of [["--enable"], ["--remove"]])
      equal(run([...args, ...last]).code, 0, "no file passes for one that a person edited");
    deepEqual(contents(directory), START);
    return left;
  }

  it("at 50 random moments leaves every file whole, old or new, and the next one ends the work", async function () {
    this.timeout(180_000);
    for (const [path, text] of Object.entries(START)) write(path, text);
    const known = knownStates();
    const checkouts = ["a", "b"].map((name) => join(root, name));
    for (const directory of checkouts) mkdirSync(directory);
    const left = await Promise.all(checkouts.map((directory) => attack(directory, known, 25)));
    const sum = (key: "some" | "temporary") => left.reduce((all, each) => all + each[key], 0);
    console.log(`      of 50 kills ${sum("some")} left some of the files only, ${sum("temporary")} a temporary file`);
  });

  it("between any two files leaves a tree that the next one finishes", () => {
    run(["--enable"]);
    const target = contents();
    for (const path of Object.keys(target)) {
      rmSync(join(root, path));
      writeFileSync(join(root, path, "..", ".x.yaml.fuse-propagation-test-1~"), "half");
      equal(run(["--enable"]).code, 0);
      deepEqual(contents(), target, `without ${path}`);
    }
  });
});
