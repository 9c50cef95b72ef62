import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseRecord } from "../../core/contract/records.ts";
import { ofStep } from "../core/evidence/evidence.ts";
import { recordsOf } from "./imagined.ts";
import { runPiece } from "./shell.ts";

const PROBE = join(import.meta.dirname, "..", "..", "probe");
const TOOLS = [
  "awk",
  "cat",
  "cut",
  "date",
  "dd",
  "grep",
  "head",
  "id",
  "md5sum",
  "mkdir",
  "mkfifo",
  "mktemp",
  "mv",
  "rm",
];
const MORE = ["sed", "sleep", "stat", "tail", "timeout", "umount", "rmdir"];

describe("the tools of an image", () => {
  const folders: string[] = [];
  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  /** A PATH that holds busybox' tools but for some, and these scripts in the place of others. */
  function image(without: readonly string[], own: Readonly<Record<string, string>> = {}): string {
    const folder = mkdtempSync(join(tmpdir(), "image-"));
    folders.push(folder);
    for (const tool of [...TOOLS, ...MORE])
      if (!without.includes(tool) && own[tool] === undefined) symlinkSync("/bin/busybox", join(folder, tool));
    for (const [tool, script] of Object.entries(own)) writeFileSync(join(folder, tool), script, { mode: 0o755 });
    return folder;
  }

  /** The shell that Debian's images have: it brings no tools of its own. */
  function run(script: string, path: string, environment: Record<string, string> = {}) {
    const { stdout, status } = spawnSync("/bin/dash", ["-c", script], {
      encoding: "utf8",
      env: { PATH: path, RUN: "r", NODE: "n", ROLE: "default", PROBE_SECONDS: "1", FINDINGS: path, ...environment },
    });
    return { records: recordsOf(stdout), stdout, status };
  }
  const required = (path: string) =>
    run(`. ${PROBE}/lib.sh; . ${PROBE}/tools.sh; require_tools umount; echo all there`, path);

  it("are all there in busybox", () => {
    const { stdout, status } = required(image([]));
    assert.deepEqual([stdout, status], ["all there\n", 0]);
  });

  for (const missing of [["timeout"], ["awk"], ["date"], ["stat", "mkfifo"], ["awk", "date", "umount"]])
    it(`are reported where they are missing: ${missing.join(", ")}`, () => {
      const { records, status } = required(image(missing));
      assert.equal(status, 1);
      assert.deepEqual(
        records.map(({ step, result, detail }) => [step, result, String(detail).split(", ").sort()]),
        [["tools", "error", missing.toSorted()]],
      );
    });

  const kinds: readonly [lacking: string, tool: string, script: string][] = [
    ["stat -c", "stat", "#!/bin/sh\necho 'stat: illegal option -- c' >&2; exit 1\n"],
    ["timeout -s KILL", "timeout", "#!/bin/sh\necho 'Usage: timeout [-t SECS] [-s SIG] PROG' >&2; exit 1\n"],
    ["sleep 0.01", "sleep", "#!/bin/sh\ncase $1 in *.*) echo \"sleep: invalid number '$1'\" >&2; exit 1 ;; esac\n"],
    ["date -d @0", "date", "#!/bin/sh\necho 'date: illegal time format' >&2; exit 1\n"],
  ];
  for (const [lacking, tool, script] of kinds)
    it(`are reported where they are of another kind: ${lacking}`, () => {
      const { records, status } = required(image([], { [tool]: script }));
      assert.deepEqual([records.map(({ detail }) => detail), status], [[lacking], 1]);
    });

  it("are reported where they lose an answer now and then, as toybox' timeout does", () => {
    const timeout =
      '#!/bin/sh\nif mkdir "$0.asked"; then shift 3; exec "$@"; fi 2>/dev/null\nrmdir "$0.asked"; exit 127\n';
    const { records, status } = required(image([], { timeout }));
    assert.deepEqual([records.map(({ detail }) => detail), status], [["timeout -s KILL"], 1]);
  });

  for (const script of ["producer.sh", "consumer.sh", "turn.sh"])
    it(`are looked for before anything else: ${script}`, () => {
      const path = image(["timeout"]);
      const { records, status } = run(`exec /bin/dash ${PROBE}/${script}`, path, {
        DRIVER: "rclone",
        TURN_SECONDS: "0",
      });
      assert.deepEqual([records.map(({ step }) => step), status], [["tools"], 1]);
    });

  it("speak English, whatever the image's language", () => {
    const german = `#!/bin/sh
[ "$LC_ALL" = C ] || { echo "cat: $1: Keine Berechtigung"; exit 1; }
echo "cat: $1: Permission denied"; exit 1
`;
    const path = image([], { speaks: german });
    const script = `. ${PROBE}/lib.sh; bounded speaks file; echo "$errno"`;
    assert.equal(run(script, path, { LC_ALL: "de_DE.UTF-8" }).stdout, "EACCES\n");
  });

  it("leave the language of a daemon as it was", () => {
    const script = `. ${PROBE}/lib.sh; . ${PROBE}/driver-command.sh; driver_start /m "$FINDINGS"`;
    const environment = { COMMAND: 'echo "$LC_ALL"; env | grep -c ^LC_ALL=' };
    const path = image([], {});
    symlinkSync("/bin/busybox", join(path, "env"));
    symlinkSync("/bin/dash", join(path, "sh"));
    assert.equal(run(script, path, { ...environment, LC_ALL: "de_DE.UTF-8" }).stdout, "de_DE.UTF-8\n1\n");
    assert.equal(run(script, path, environment).stdout, "\n0\n");
  });
});

describe("an answer that comes after its deadline", () => {
  const folder = mkdtempSync(join(tmpdir(), "slowly-"));
  before(() => mkdirSync(join(folder, "f"), { recursive: true }));
  after(() => rmSync(folder, { recursive: true }));
  const asked = (script: string) => {
    const { stdout } = runPiece(["tools.sh"], `${script}; wait`, {
      environment: { FINDINGS: folder, PROBE_SECONDS: "1" },
    });
    return stdout.split("\n").flatMap((line) => parseRecord(line) ?? []);
  };

  it("is recorded with its seconds, once", () => {
    const records = asked("slowly sleep 1.2; slowly sleep 0.1");
    assert.deepEqual(
      records.map(({ step }) => step),
      ["slow"],
    );
    const seconds = Number(ofStep(records, "slow")[0]?.seconds);
    assert.ok(seconds >= 1.1 && seconds < 10, String(seconds));
  });

  it("is not, where it would have been in time", () => assert.deepEqual(asked("slowly true"), []));

  it("is not, where it is an error", () => assert.deepEqual(asked("slowly sh -c 'sleep 1.2; exit 1'"), []));
});
