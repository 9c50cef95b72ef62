import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { identify } from "../../base/identity.ts";
import { type Installer, installCli, installedCli, officialInstaller } from "../../sandbox/build/installer.ts";
import { pulumiVersion } from "../../sandbox/build/tools.ts";
import { until } from "../until.ts";

const VERSION = "1.2.3";

/** Against a server and an installer of ours, since the official ones may be out of reach. */
describe("the installer of the Pulumi CLI", () => {
  let home: string;
  let asked: number;
  /** Undefined: it never answers. */
  let status: number | undefined;
  const server = createServer((_, response) => {
    asked++;
    if (status !== undefined) response.writeHead(status).end();
  });
  before((done) => void server.listen(0, "127.0.0.1", done));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "cli-"));
    [asked, status] = [0, 200];
  });
  afterEach(() => rmSync(home, { recursive: true }));

  const install = (script: string, deadlines = { answer: 10_000, install: 60_000 }) => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/install.sh`;
    const installer: Installer = { url, command: ["sh", "-c", script, "installer"], version: VERSION, deadlines };
    return installCli(installer, home);
  };
  const INSTALLS = 'mkdir -p "$1/bin" && echo program >"$1/bin/pulumi"';
  const mark = () => readFileSync(join(home, `cli-${VERSION}.unavailable`), "utf8");

  it("puts the CLI into the cache, once", async () => {
    const directory = await install(INSTALLS);
    assert.equal(directory, installedCli(VERSION, home));
    assert.equal(readFileSync(join(directory ?? "", "pulumi"), "utf8"), "program\n");
    assert.equal(await install("exit 1"), directory);
    assert.equal(asked, 1);
    assert.deepEqual(readdirSync(home), [`cli-${VERSION}`]);
  });

  it("gives up where nothing answers, begins nothing, and does not ask again at the next start", async () => {
    status = undefined;
    const touched = join(home, "touched");
    for (const _ of ["first", "second"])
      assert.equal(await install(`touch '${touched}'`, { answer: 1_000, install: 60_000 }), undefined);
    assert.equal(asked, 1);
    assert.equal(mark(), "failed");
    assert.ok(!existsSync(touched));
  });

  it("gives up where it is refused", async () => {
    status = 403;
    assert.equal(await install(INSTALLS), undefined);
    assert.equal(mark(), "failed");
  });

  it("ends an installation that takes too long, together with all it started, and keeps nothing of it", async () => {
    const script = `${INSTALLS}; sleep 1000 & echo $! >'${home}/pid'; wait`;
    assert.equal(await install(script, { answer: 10_000, install: 1_000 }), undefined);
    assert.equal(mark(), "late");
    assert.equal(installedCli(VERSION, home), undefined);
    assert.ok(!existsSync(join(home, `cli-${VERSION}.new`)));
    const pid = Number(readFileSync(join(home, "pid"), "utf8"));
    await until(() => identify(pid) === undefined, Boolean, { everyMs: 10 });
  });

  it("that fails, or installs nothing, is no CLI", async () => {
    assert.equal(await install("echo 'no such version' >&2; exit 1"), undefined);
    rmSync(join(home, `cli-${VERSION}.unavailable`));
    assert.equal(await install("true"), undefined);
    assert.equal(installedCli(VERSION, home), undefined);
  });

  it("is the SDK's, which installs the version of the engine that is compiled otherwise", () => {
    const sdk = JSON.parse(
      readFileSync(new URL("../../node_modules/@pulumi/pulumi/package.json", import.meta.url), "utf8"),
    );
    assert.equal(sdk.version, pulumiVersion);
    const { command, deadlines } = officialInstaller(pulumiVersion);
    assert.ok(existsSync(command.at(-1) ?? ""));
    assert.ok(deadlines.answer <= 10_000);
  });
});
