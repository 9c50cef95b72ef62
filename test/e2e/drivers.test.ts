import assert from "node:assert/strict";
import { FUSE_LAW, leaveSandbox, readCells, type SandboxDocument, sandbox, start } from "./sandbox.ts";

/** What the mount must be, and the settings that make it. */
interface Driven {
  readonly what: string;
  readonly fstype: RegExp;
  readonly settings: readonly string[];
}

const DRIVEN: readonly Driven[] = [
  { what: "bindfs", fstype: / - fuse /, settings: ["driver=bindfs"] },
  { what: "squashfuse, which is read-only", fstype: / - fuse\.squashfuse /, settings: ["driver=squashfuse"] },
  {
    what: "a command of the user's own, under the admission policies too",
    fstype: / - fuse /,
    settings: [
      "driver=command",
      // Where root mounts, bindfs lets others in unless it is told not to.
      'command=case $ALLOW_OTHER in yes) set -- -o allow_other ;; *) set -- --no-allow-other ;; esac; exec bindfs -f "$@" "$SOURCE" "$MOUNT"',
      "admission=true",
    ],
  },
  {
    what: "a read-only one with helpers, by a file that it holds",
    fstype: / - fuse /,
    settings: [
      "driver=command",
      "markerFile=films/version.txt",
      'command=mkdir -p "$SOURCE/films"; echo "v1 $(id -u)" >"$SOURCE/films/version.txt"; sleep 600 & bindfs -f -r -o allow_other "$SOURCE" "$MOUNT"; exit 1',
    ],
  },
  {
    what: "one that leaves the processes that were started for it, which is killed all the same",
    fstype: / - fuse\.rclone /,
    settings: [
      "driver=command",
      'scenarios=["daemon-crash", "producer-replaced"]',
      'command=(rclone mount "$SOURCE" "$MOUNT" --allow-other --dir-cache-time 0 --attr-timeout 0s &); exec sleep 3600',
    ],
  },
];

describe("every driver on the sandbox", () => {
  let cluster: SandboxDocument;
  before(async () => {
    cluster = await sandbox();
  });
  after(async () => {
    await leaveSandbox();
  });

  for (const { what, fstype, settings } of DRIVEN)
    it(`crosses, dies and comes back: ${what}`, async () => {
      const { verdict, residue, stderr } = await judged(settings);
      assert.deepEqual([verdict?.verdict, verdict?.grade], ["success", "A"], stderr);
      assert.match(JSON.stringify(verdict?.evidence), fstype);
      for (const [role, reader] of Object.entries(verdict?.timings.readers ?? {})) {
        assert.equal(reader.stale?.errno, "ENOTCONN", role);
        assert.equal(reader.heldFile, "dead", role);
      }
      if (!/markerFile|scenarios/.test(settings.join())) assert.deepEqual(readCells(verdict), FUSE_LAW);
      assert.deepEqual(residue, []);
    });

  it("says of a read-only one without a file to look for that there is no marker", async () => {
    const command = 'command=exec bindfs -f -r -o allow_other "$SOURCE" "$MOUNT"';
    const { verdict, residue } = await judged(["driver=command", command, "markerWaitSeconds=8", "collectSeconds=30"]);
    assert.deepEqual([verdict?.verdict, verdict?.cause], ["inconclusive", "no-marker"]);
    assert.match(JSON.stringify(verdict?.evidence), /EROFS.*Read-only file system/);
    assert.deepEqual(residue, []);
  });

  async function judged(settings: readonly string[]) {
    const { document, stderr } = await start([
      ...["--kubeconfig", cluster.kubeconfig, "--context", cluster.context, "--node", "k3s-w2", "--set"],
      ...[`producerImage=${cluster.images.producer}`, `consumerImage=${cluster.images.producer}`, ...settings],
    ]);
    assert.ok(document, stderr);
    return { verdict: document.nodes["k3s-w2"], residue: document.residue, stderr };
  }
});
