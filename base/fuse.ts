/**
 * Whether a file system type, as the mount table names it (proc_pid_mountinfo(5)), is that of a FUSE daemon's mount: `fuse`, `fuseblk`
 * (on a block device), each alone or with the daemon's own subtype. `fusectl`, the kernel's table of connections, is none. The probe
 * has the same set: `is_fuse` of probe/lib.sh.
 */
export const isFuseType = (type: string): boolean => /^fuse(blk)?(\.|$)/.test(type);
