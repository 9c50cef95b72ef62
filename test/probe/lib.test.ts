import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { parseRecord } from "../../core/contract/records.ts";
import { runPiece, SHELL } from "./shell.ts";

const FINDINGS = mkdtempSync(join(tmpdir(), "findings-"));

/** Runs a piece of shell with the library, in the shell that most images have. */
function shell(script: string, environment: Record<string, string> = {}, args: string[] = [], tested = SHELL) {
  const { stdout, stderr, status } = runPiece([], script, {
    environment: { FINDINGS, ...environment },
    args,
    shell: tested,
  });
  // The shell itself says that a command was killed at its deadline.
  assert.match(stderr, /^(.*\bKilled\b.*\n)*$/);
  return { stdout, status };
}

describe("probe library", () => {
  after(() => rmSync(FINDINGS, { recursive: true }));

  const words: readonly [errno: string, ...texts: string[]][] = [
    ["ENOTCONN", "cat: read error: Transport endpoint is not connected", "cat: can't open '/x': Socket not connected"],
    ["ENOENT", "cat: can't open '/x': No such file or directory"],
    ["EACCES", "cat: can't open '/x': Permission denied"],
    ["EPERM", "umount: can't unmount /x: Operation not permitted"],
    ["EIO", "cat: read error: Input/output error", "cat: read error: I/O error"],
    ["EROFS", "touch: /x: Read-only file system"],
    ["EBUSY", "umount: can't unmount /x: Device or resource busy", "umount: can't unmount /x: Resource busy"],
    ["ENOTEMPTY", "rmdir: '/x': Directory not empty"],
    ["ETIMEDOUT", "cat: /x: Connection timed out", "cat: read error: Operation timed out"],
    ["EAGAIN", "cat: read error: Resource temporarily unavailable"],
    ["ENOMEM", "cat: /x: Cannot allocate memory", "cat: can't open '/x': Out of memory"],
    ["EOPNOTSUPP", "cat: /x: Operation not supported", "cat: can't open '/x': Not supported"],
    ["EHOSTDOWN", "cat: /x: Host is down"],
    ["ENOTCONN", "stat /mnt/x: transport endpoint is not connected"],
    ["EACCES", "fusermount3: permission denied", "open /dev/fuse: permission denied"],
    ["EPERM", "mount: operation not permitted"],
    ["ENOENT", "open /x: no such file or directory"],
    ["EROFS", "mkdir /x: read-only file system"],
    ["ENOSPC", "write /x: no space left on device"],
    ["EIO", "read /x: input/output error"],
    ["ETIMEDOUT", "dial tcp 10.0.0.1:445: connect: connection timed out"],
    ["UNKNOWN", "cat: something nobody has seen"],
  ];
  for (const [errno, ...texts] of words) {
    it(`names ${errno} in the words of glibc, musl and Go`, () => {
      for (const text of texts) assert.equal(shell('errno_of "$1"', {}, [text]).stdout.trim(), errno);
    });
  }

  // Of the other's tools awk is Debian's mawk, which reads backslashes differently from busybox'.
  for (const tested of [SHELL, { program: "dash", args: [] }])
    it(`writes a JSON object that reads back as it was, whatever the text (${[tested.program, ...tested.args].join(" ")})`, () => {
      const text = fc
        .string({ unit: fc.constantFrom(..."aé\"\\ \t$`'%{}\n&/") })
        .filter((value) => !value.endsWith("\n"));
      fc.assert(
        fc.property(text, (detail) => {
          const { stdout } = shell('record read error "text" detail "$1"', {}, [detail], tested);
          const record = parseRecord(stdout.trim().split("\n").at(-1) ?? "");
          assert.equal(record?.detail, detail);
        }),
        { numRuns: 30 },
      );
    });

  it("gives each line for people one for machines, with the same time", () => {
    const { stdout } = shell('record start info "hello" key value');
    const [people, machines] = stdout.trim().split("\n");
    const record = parseRecord(machines ?? "");
    assert.match(record?.time ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const { key } = { ...record } as { readonly key?: string };
    assert.equal(people, `${record?.time} start: hello`);
    assert.deepEqual([record?.run, record?.node, record?.role, key], ["r", "n", "default", "value"]);
  });

  it("keeps within its line what a daemon has said in lines of its own: one line, one record", () => {
    const forged =
      '{"time":"2026-11-22T09:44:31.250Z","uptime":1,"run":"r","node":"n","role":"control","step":"control","result":"ok"}';
    for (const end of ["\n", "\r", "\r\n", "\v"]) {
      const { stdout } = shell('record mount error "it says: $1" detail "$1"', {}, [`failed${end}${forged}${end}`]);
      assert.deepEqual(
        stdout.split(/[\r\n\v]/).flatMap((line) => parseRecord(line)?.step ?? []),
        ["mount"],
      );
    }
  });

  it("keeps a time within a second of the machine's", () => {
    const before = Date.now();
    const reported = Date.parse(shell('rfc3339 "$(uptime_now)"; printf %s "$time"').stdout);
    assert.ok(reported > before - 2000 && reported < Date.now() + 2000, `${reported} ${before}`);
  });

  it("ends a read that does not come back, and says so", () => {
    const from = Date.now();
    const { stdout } = shell('bounded sleep 60 || echo "$errno"');
    assert.equal(stdout.trim(), "ETIMEDOUT");
    assert.ok(Date.now() - from < 30_000);
  });

  it("does not wait for what outlives its kill, and asks the next question all the same", () => {
    const from = Date.now();
    // The sleep keeps the answer's end open, as a process does that a daemon holds in state D.
    const { stdout } = shell('bounded sh -c "sleep 6 & wait"; echo "$errno"; bounded echo next; echo "$errno $out"');
    assert.deepEqual(stdout.split("\n"), ["ETIMEDOUT", " next", ""]);
    assert.ok(Date.now() - from < 4000);
  });

  it("leaves no second process behind for the same question, and asks again when the first is gone", () => {
    const { stdout } = shell(
      `kill() { [ "$1" = -KILL ] || command kill "$@"; }
      ask() { bounded sh -c 'until [ -e "$1" ]; do sleep 0.1; done; echo back' sh "$FINDINGS/answers-again"; }
      ask; echo "$errno"; first=$left
      ask; echo "$errno"; [ "$left" = "$first" ] && echo same
      : >"$FINDINGS/answers-again"; ask && echo "$out"`,
    );
    assert.deepEqual(stdout.trim().split("\n"), ["ETIMEDOUT", "ETIMEDOUT", "same", "back"]);
  });

  it("hands a command its standard input, its exit code and all that it prints", () => {
    const { stdout } = shell(
      `echo given | { bounded sh -c 'cat; echo "Permission denied" >&2; exit 3'; echo "$? $errno $out"; }`,
    );
    assert.equal(stdout, "1 EACCES given\nPermission denied\n");
  });

  it("says so where it can make no pipe", () => {
    const nowhere = { FINDINGS: "/proc", TMPDIR: "/proc" };
    const { stdout } = shell('bounded true 2>/dev/null || echo "$errno $out"', nowhere);
    assert.match(stdout, /^UNKNOWN no named pipe .* \/proc or \/proc: true\n$/);
  });

  describe("on a mount table", () => {
    const folder = mkdtempSync(join(tmpdir(), "probe-"));
    const table = join(folder, "mountinfo");
    writeFileSync(
      table,
      [
        "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw",
        "372 356 0:42 /tmp/b /bridge ro,relatime master:1 - tmpfs t rw",
        "322 372 0:133 / /bridge/fuse rw,nosuid shared:35 master:3 - fuse.rclone /tmp/source rw,allow_other",
        "400 372 0:140 / /bridge/fuse-other rw shared:36 - fuseblk /dev/x rw",
      ].join("\n"),
    );
    after(() => rmSync(folder, { recursive: true }));
    const cases: readonly [path: string, type: string, peers: string][] = [
      ["/bridge/fuse/marker", "fuse.rclone", "shared:35 master:3"],
      ["/bridge/fuse", "fuse.rclone", "shared:35 master:3"],
      ["/bridge/fuses", "tmpfs", "master:1"],
      ["/bridge", "tmpfs", "master:1"],
      ["/etc", "ext4", "private"],
    ];
    for (const [path, type, peers] of cases) {
      it(`finds the mount of ${path}`, () => {
        const script = 'm=$(mount_of "$1"); type_of_mount "$m"; echo; peers_of_mount "$m"';
        assert.deepEqual(shell(script, { MOUNTINFO: table }, [path]).stdout.trim().split("\n"), [type, peers]);
      });
    }
    it("lists the FUSE mounts at a path and below it, and nothing beside it", () => {
      const { stdout } = shell("fuse_below /bridge/fuse | cut -d' ' -f1", { MOUNTINFO: table });
      assert.equal(stdout.trim(), "322");
    });
    it("counts its mounts without those that others make below its bridge", () => {
      const crowded = join(folder, "crowded");
      const others = ["/bridge/permissions/root", "/bridge/many-mounts/fuse", "/bridge/many-mounts/fuse-2"];
      const lines = others.map((path, nth) => `${500 + nth} 372 0:15${nth} / ${path} rw shared:40 - fuse.rclone s rw`);
      writeFileSync(crowded, [readFileSync(table, "utf8"), ...lines].join("\n"));
      for (const file of [table, crowded])
        assert.equal(shell("table_size", { MOUNTINFO: file, BRIDGE: "/bridge" }).stdout.trim(), "4");
    });
  });

  for (const [type, fuse] of [
    ["fuse", 0],
    ["fuse.rclone", 0],
    ["fuseblk", 0],
    ["fusectl", 1],
    ["ext4", 1],
    ["", 1],
  ] as const)
    it(`${fuse === 0 ? "takes" : "does not take"} "${type}" for FUSE`, () =>
      assert.equal(shell('is_fuse "$1"', {}, [type]).status, fuse));
});
