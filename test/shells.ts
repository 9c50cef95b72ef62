/**
 * The probe's unit tests in each shell that users' images have, with the tools that come with it: no part of the gate.
 *
 *   npm run test:shells               all of them
 *   npm run test:shells -- mksh ...   these
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MARKS } from "../base/marks.ts";
import { ensurePackages } from "../sandbox/host/packages.ts";

interface Shell {
  readonly command: string;
  /** Debian package of it, or of its tools. */
  readonly packages: readonly string[];
  /** busybox' own tools come first on PATH; else they are this machine's, coreutils and util-linux on Debian. */
  readonly busyboxTools?: true;
}

/** Images that have them: busybox and Alpine, Debian and Ubuntu, most others, Android's and some BSD-like ones. */
const SHELLS: Readonly<Record<string, Shell>> = {
  "busybox ash": { command: "busybox ash", packages: ["busybox-static"], busyboxTools: true },
  dash: { command: "dash", packages: ["dash"] },
  bash: { command: "bash --norc", packages: ["bash"] },
  "bash as sh": { command: "bash --norc --posix", packages: ["bash"] },
  mksh: { command: "mksh", packages: ["mksh"] },
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.keys(SHELLS).includes(name));
if (unknown.length > 0) {
  console.error(`${MARKS.failure} no such shell: ${unknown.join(", ")}; there are: ${Object.keys(SHELLS).join(", ")}`);
  process.exit(2);
}
const shells = Object.entries(SHELLS).filter(([name]) => asked.length === 0 || asked.includes(name));
await ensurePackages([...new Set(shells.flatMap(([, { packages }]) => packages))]);

let failed = 0;
for (const [name, { command, busyboxTools }] of shells) {
  const folder = busyboxTools ? busyboxLinks() : undefined;
  const from = performance.now();
  const { stdout } = spawnSync(process.execPath, [join(import.meta.dirname, "run.ts"), "unit", "test/probe/"], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
    env: {
      ...process.env,
      FUSE_TEST_SHELL: command,
      PATH: folder ? `${folder}:${process.env.PATH}` : process.env.PATH,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (folder) rmSync(folder, { recursive: true });
  const counted = stdout.trimEnd().split("\n").at(-1) ?? "";
  const good = /^\d+ passed, 0 failed/.test(counted);
  if (!good) {
    failed++;
    console.log(stdout);
  }
  console.log(
    `${good ? MARKS.success : MARKS.failure} ${name}: ${counted}  ${((performance.now() - from) / 1000).toFixed(1)} s`,
  );
}
console.log(`${shells.length - failed} shells passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

/** A directory with a link to busybox for each of its tools. */
function busyboxLinks(): string {
  const { stdout } = spawnSync("/bin/busybox", ["--list"], { encoding: "utf8" });
  const folder = mkdtempSync(join(tmpdir(), "tools-"));
  for (const tool of stdout.split("\n").filter((name) => name !== "" && name !== "busybox"))
    symlinkSync("/bin/busybox", join(folder, tool));
  return folder;
}
