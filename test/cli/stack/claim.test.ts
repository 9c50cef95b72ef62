import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { cache } from "../../../base/paths.ts";
import { claim, claimFile, claimMade, release } from "../../../cli/stack/claim.ts";

/** What is printed next. @throws Error where the process ends without */
async function nextLine(stream: Readable): Promise<string> {
  const ended = once(stream, "close").then(() => assert.fail("a racer has ended"));
  const [chunk] = await Promise.race([once(stream, "data"), ended]);
  return String(chunk);
}

describe("the claim of a stack", () => {
  let folder: string;
  let file: string;
  const made = { kind: "cluster" as const, settings: { context: "a", bridge: "/tmp/x" } };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "claim-"));
    file = join(folder, "runs", "homelab.json");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** As another process would have left it. */
  const of = (pid: number, more: object = {}) =>
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), pid, ...more }));

  it("gives what a run that was killed had made, also to the second that comes after it", async () => {
    assert.equal(claim(file, "homelab"), undefined);
    claimMade(file, made);
    const child = spawn(process.execPath, ["-e", ""], { stdio: "ignore" });
    const pid = child.pid as number;
    await once(child, "close");
    of(pid);
    assert.deepEqual(claim(file, "homelab"), made);
    of(pid);
    assert.deepEqual(claim(file, "homelab"), made);
    release(file);
    assert.equal(existsSync(file), false);
  });

  it("is refused while the process that has it lives, with its id", () => {
    claim(file, "homelab");
    // Without a start time, as where there is no /proc, the id alone tells.
    of(process.ppid, { started: undefined });
    assert.throws(() => claim(file, "homelab"), new RegExp(`stack homelab runs as process ${process.ppid}$`));
  });

  it("is free where the id belongs to another process by now", () => {
    claim(file, "homelab");
    of(process.ppid, { started: "1" });
    assert.equal(claim(file, "homelab"), undefined);
  });

  it("can be read by nobody else: settings may hold keys", () => {
    claim(file, "homelab");
    claimMade(file, made);
    const folders = [join(folder, "runs")];
    const files = readdirSync(folders[0] ?? "").map((name) => join(folder, "runs", name));
    for (const path of folders) assert.equal(statSync(path).mode & 0o777, 0o700, path);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.ok(files.includes(file));
  });

  it("has a file that no name of a stack leads out of", () => {
    for (const stack of ["x/../../w", "..", ".", "", "a/b", "a\nb", "a\u001b[31m", "x".repeat(101)])
      assert.throws(() => claimFile(stack), /is not the name of a stack$/, JSON.stringify(stack));
    for (const stack of ["homelab", "a.b", "...", "A-1_b"])
      assert.ok(claimFile(stack).endsWith(`/claims/${stack}.json`));
  });

  it("lies elsewhere in the tests than a user's", () => {
    const { FUSE_TEST_RUNS: runs = "?" } = process.env;
    assert.ok(claimFile("homelab").startsWith(`${runs}/`));
    assert.ok(!runs.startsWith(cache));
  });

  it("is one process's, of several that take it at the same moment", async () => {
    const rounds = 25;
    claim(file, "homelab");
    const names = Array.from({ length: rounds }, (_, round) => join(folder, "runs", `${round}.json`));
    // Every second one was left by a process that has ended: taking over is raced for as well.
    for (const [round, name] of names.entries())
      if (round % 2) writeFileSync(name, JSON.stringify({ pid: process.pid, started: "1" }));
    const args = [join(folder, "runs"), String(rounds), "15"];
    const racers = Array.from({ length: 4 }, () =>
      spawn(process.execPath, [join(import.meta.dirname, "claimant.ts"), ...args], {
        stdio: ["pipe", "pipe", "inherit"],
      }),
    );
    try {
      const lines = () => Promise.all(racers.map(({ stdout }) => nextLine(stdout)));
      assert.deepEqual(new Set(await lines()), new Set(["ready\n"]));
      const moment = Date.now() + 100;
      for (const { stdin } of racers) stdin.write(String(moment));
      const got = (await lines()).flatMap((line) => JSON.parse(line) as number[]).sort((a, b) => a - b);
      assert.deepEqual(got, [...names.keys()]);
    } finally {
      for (const { stdin } of racers) stdin.end();
    }
  });

  it("is free where its file is torn", () => {
    claim(file, "homelab");
    writeFileSync(file, "{");
    assert.equal(claim(file, "homelab"), undefined);
  });
});
