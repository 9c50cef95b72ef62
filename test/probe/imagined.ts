/**
 * A node for the probe without a kernel's part in it: the mount table is a file, and `mount`, `umount`, `stat` and the FUSE
 * daemon are shell functions that write to it or answer from it. Everything else is as in a pod.
 */
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ProbeRecord, parseRecord } from "../../core/contract/records.ts";

const PROBE = join(import.meta.dirname, "..", "..", "probe");

export interface ImaginedNode {
  readonly probe: string;
  readonly bridge: string;
  readonly findings: string;
  readonly environment: Readonly<Record<string, string>>;
  mountTable(): string;
  /** Adds a bind mount of a directory of the node's own file system. */
  bind(root: string, at: string): void;
  /** Adds a mount at the mount point, or at a directory below the bridge; a source `dead` answers as a dead daemon's. */
  mount(type: string, source: string, at?: string): void;
  remove(): void;
}

/** Takes the place of the tools that ask the kernel. */
const TOOLS = `
umount() {
  for point; do :; done
  if [ -n "\${STUCK:-}" ] && [ ! -e "$FINDINGS/stuck" ]; then : >"$FINDINGS/stuck"; echo "umount: can't unmount $point: Device or resource busy"; return 1; fi
  awk -v path="$point" '{ line[NR] = $0 } $5 == path { last = NR } END { for (i = 1; i <= NR; i++) if (i != last) print line[i]; exit !last }' \\
    "$MOUNTINFO" >"$MOUNTINFO.new" || { echo "umount: can't unmount $point: Invalid argument"; return 1; }
  mv "$MOUNTINFO.new" "$MOUNTINFO"
}
mount() {
  case $1-$2 in
    --bind-*) awk -v from="$2" -v to="$3" '{ print } $5 == from { line = $0; sub(" " from " ", " " to " ", line) } END { print line }' \
      "$MOUNTINFO" >"$MOUNTINFO.new" && mv "$MOUNTINFO.new" "$MOUNTINFO" ;;
    *) mkdir "$4/77"; : >"$4/77/abort" ;;
  esac
}
rmdir() { rm -r "$1"; }
# A daemon that is to be gone at once is gone before anyone looks, however busy the machine is.
kill() {
  if [ "\${LIVES_SECONDS:-}" = 0 ] && [ "$1 $2" = "-0 $daemon" ]; then
    while command kill -0 "$daemon" 2>/dev/null; do command sleep 0.02; done
  fi
  command kill "$@"
}
# Asked at each look: so by the shell itself.
on_fuse() {
  asked_type=
  while read -r _ _ _ _ asked_point _ asked_rest; do
    case $asked_point in "$1" | "\${1%/*}") asked_type=\${asked_rest##*- } ;; esac
  done <"$MOUNTINFO"
  case $asked_type in fuse*) ;; *) return 1 ;; esac
}
stat() {
  case $1-$2-$3 in
    # Nobody answers for a daemon that is dead, or stopped; what outlives its kill goes on.
    -f-*)
      if [ "\${hung:-no}" = yes ]; then sleep 60; fi
      if [ -n "\${OUTLIVES:-}" ] || { [ -n "$daemon" ] && kill -0 "$daemon" 2>/dev/null; }; then echo "Type: fuse"; return; fi
      echo "stat: $2: Transport endpoint is not connected"
      return 1
      ;;
    -c-%d-*/marker) [ -z "\${STAT_SAYS:-}" ] || { echo "stat: $STAT_SAYS"; return 1; }; if [ -z "\${VANISHES:-}" ] && on_fuse "$3"; then echo 77; else echo 1; fi ;;
    -c-%d-*/held) [ -z "\${VANISHES:-}" ] && echo 77 || echo 1 ;;
    -c-%d-*) if [ "$ROLE" = producer ] && [ -z "$daemon" ] && on_fuse "$3"; then echo "stat: $3: Transport endpoint is not connected"; return 1; fi
      if on_fuse "$3"; then echo 77; else echo 1; fi ;;
    *) command stat "$@" ;;
  esac
}
# On the machine of the tests, daemons of others hold the device.
fuse_holders() { :; }
# A remote may need its time for each read of the marker.
takes_its_time() { [ -z "\${READ_TAKES:-}" ] || command sleep "$READ_TAKES"; }
dd() {
  case $1 in if=*/marker) takes_its_time ;; esac
  command dd "$@"
}
# A mount whose source is "dead" answers as one whose daemon has died.
cat() {
  case \${1:-} in
    */marker)
      takes_its_time
      if grep -q " \${1%/marker} .* dead rw" "$MOUNTINFO"; then echo "cat: $1: Transport endpoint is not connected"; return 1; fi ;;
  esac
  command cat "$@"
}
`;

const DRIVER = `
driver_start() {
  echo "99 1 0:77 / $1 rw shared:2 - fuse.imagined source rw" >>"$MOUNTINFO"
  if [ -n "\${LIVES_SECONDS:-}" ] && [ ! -e "$FINDINGS/lived" ]; then : >"$FINDINGS/lived"; sleep "$LIVES_SECONDS"; exit 7; fi
  exec sleep 100
}
driver_says() { echo imagined; }
`;

/** @param layout where the pod's volume is: at the bridge, or at the mount point itself */
export function imaginedNode(layout: "parent" | "leaf" = "parent"): ImaginedNode {
  const folder = mkdtempSync(join(tmpdir(), "probe-"));
  const [probe, bridge, findings] = ["probe", "bridge", "findings"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(probe);
  // Links to the real ones: a test may change lib.sh and the driver, which are the node's own.
  for (const name of readdirSync(PROBE)) if (name !== "lib.sh") symlinkSync(join(PROBE, name), join(probe, name));
  writeFileSync(join(probe, "lib.sh"), readFileSync(join(PROBE, "lib.sh"), "utf8") + TOOLS);
  writeFileSync(join(probe, "driver-imagined.sh"), DRIVER);
  for (const name of [join(bridge, "fuse"), findings]) mkdirSync(name, { recursive: true });
  const table = join(folder, "mountinfo");
  const volume = layout === "parent" ? bridge : join(bridge, "fuse");
  writeFileSync(
    table,
    `27 1 254:0 / / rw - ext4 /dev/vda rw\n30 27 254:0 /b ${volume} rw shared:1 - ext4 /dev/vda rw\n`,
  );
  return {
    probe,
    bridge,
    findings,
    environment: {
      PATH: process.env.PATH ?? "",
      RUN: "r",
      NODE: "k3s-w2",
      PROBE_SECONDS: "1",
      // The tests themselves run on machines that are busy.
      STRETCH: "1",
      BRIDGE: bridge,
      FINDINGS: findings,
      MOUNTINFO: table,
      // The scripts leave their scratch files to the container's end.
      TMPDIR: folder,
    },
    mount: (type, source, at = "fuse") => {
      mkdirSync(join(bridge, at), { recursive: true });
      appendFileSync(table, `90 30 0:78 / ${join(bridge, at)} rw shared:3 - ${type} ${source} rw\n`);
    },
    bind: (root, at) => appendFileSync(table, `91 27 254:0 ${root} ${at} rw shared:1 - ext4 /dev/vda rw\n`),
    mountTable: () => readFileSync(table, "utf8"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export const recordsOf = (log: string): ProbeRecord[] => log.split("\n").flatMap((line) => parseRecord(line) ?? []);
