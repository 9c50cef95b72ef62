/** A mount over the run's own explains what a reader did not read, as long as the run's own was there to be read. */
import assert from "node:assert/strict";
import { READERS } from "../../../../core/contract/readers.ts";
import type { ProbeRecord } from "../../../../core/contract/records.ts";
import { judge } from "../../../../core/diagnosis/verdict.ts";
import { evidence, mounted, record, unseenByControl } from "../../evidence/evidence.ts";
import { podsWith } from "./pods.ts";

const own = (options = "rw,allow_other") =>
  `387 311 0:155 / /bridge/fuse rw,relatime master:38 - fuse.rclone /tmp/source ${options}`;
const OVER = "391 387 0:55 / /bridge/fuse rw,relatime master:39 - tmpfs tmpfs rw";

const failed = (errno: "ENOENT" | "EACCES", uptime: number, ...mounts: readonly string[]) =>
  READERS.map((role) =>
    record(role, "read", "error", { uptime, errno, mountinfo: mounts.at(-1) ?? "", mounts: mounts.join("\n") }),
  );
const common = [
  ...mounted,
  unseenByControl,
  ...READERS.map((role) => record(role, "start", "info", { uptime: 2055, propagation: "master:1" })),
  ...READERS.map((role) => record(role, "verdict", "error", { uptime: 2087 })),
];

describe("a mount over the run's own", () => {
  const cases: readonly [what: string, cause: string, readonly ProbeRecord[]][] = [
    ["that lies there to the end", "stacked-mounts", failed("ENOENT", 2058, own(), OVER)],
    [
      "that goes with it, before the readers give up",
      "stacked-mounts",
      [...failed("ENOENT", 2058, own(), OVER), ...failed("ENOENT", 2070)],
    ],
    [
      "that goes, and lays bare what nobody may read",
      "allow-other-missing",
      [...failed("ENOENT", 2058, own("rw"), OVER), ...failed("EACCES", 2070, own("rw"))],
    ],
    [
      "that was there before it, and went",
      "unknown",
      [...failed("ENOENT", 2056, OVER, OVER), ...failed("ENOENT", 2070)],
    ],
  ];
  for (const [what, cause, records] of cases)
    it(`${cause}: ${what}`, () =>
      assert.equal(judge(evidence({ pods: podsWith({}), records: [...common, ...records] }))?.cause, cause));
});
