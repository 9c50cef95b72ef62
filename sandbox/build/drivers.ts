/** The FUSE drivers in the producer's image. The text of this file is part of the images' tag. */

interface DriverPackage {
  /** What the sandbox uses of it. */
  readonly use: string;
  /** Programs that go into the image, with the libraries that ldd names. */
  readonly programs: readonly string[];
  /** Whether threads of it end: glibc loads a library for that which ldd does not know of. */
  readonly threads?: true;
}

/** By Debian package. */
export const driverPackages: Readonly<Record<string, DriverPackage>> = {
  fuse3: { use: "fusermount3", programs: ["/usr/bin/fusermount3"] },
  rclone: { use: "a FUSE driver", programs: ["/usr/bin/rclone"] },
  squashfuse: { use: "a FUSE driver", programs: ["/usr/bin/squashfuse"] },
  "squashfs-tools": { use: "the archive it serves", programs: ["/usr/bin/mksquashfs"], threads: true },
  bindfs: { use: "a FUSE driver", programs: ["/usr/bin/bindfs"] },
};
