/** The shell that the probe is tested in, and pieces of the probe run in it. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** That of the sandbox's images, or the one that `npm run test:shells` names. */
const [program = "", ...args] = (process.env.FUSE_TEST_SHELL ?? "busybox ash").split(" ");

export const SHELL = { program, args } as const;

const PROBE = join(import.meta.dirname, "..", "..", "probe");

interface Piece {
  readonly environment?: Readonly<Record<string, string>>;
  /** $1 and the following. */
  readonly args?: readonly string[];
  readonly shell?: typeof SHELL;
}

/** Runs a script after lib.sh and other files of the probe, as a reader unless the environment says otherwise. */
export function runPiece(
  files: readonly string[],
  script: string,
  { environment = {}, args: given = [], shell = SHELL }: Piece = {},
) {
  const text = [...["lib.sh", ...files].map((file) => `. '${PROBE}/${file}'`), script].join("\n");
  return spawnSync(shell.program, [...shell.args, "-c", text, "test", ...given], {
    encoding: "utf8",
    env: { PATH: process.env.PATH ?? "", RUN: "r", NODE: "n", ROLE: "default", PROBE_SECONDS: "1", ...environment },
  });
}
