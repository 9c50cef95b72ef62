/** The FUSE drivers: the probe mounts with each by driver-NAME.sh, the recipe by what stands here. */

interface Driver {
  /** What the recipe's daemon runs in the foreground; `more` is empty, or a space and more words for its command line. */
  readonly serve: (more: string) => string;
  /** What the recipe's daemon mounts where nothing is said. */
  readonly source: string;
  /** It mounts an archive, which only its user has. */
  readonly archive?: true;
}

export const DRIVERS = {
  rclone: { serve: (more) => `rclone mount "$SOURCE" "$MOUNT" --allow-other${more}`, source: "/data" },
  squashfuse: {
    serve: (more) => `squashfuse -f -o allow_other${more} "$SOURCE" "$MOUNT"`,
    source: "/data/archive.squashfs",
    archive: true,
  },
  bindfs: { serve: (more) => `bindfs -f -o allow_other${more} "$SOURCE" "$MOUNT"`, source: "/data" },
  /** A daemon of the user's own. */
  command: { serve: () => `sh -c "$COMMAND"`, source: "/data" },
} as const satisfies Readonly<Record<string, Driver>>;

type DriverId = keyof typeof DRIVERS;
export const DRIVER_IDS = Object.keys(DRIVERS) as DriverId[];

export const driverOf = (id: DriverId): Driver => DRIVERS[id];
