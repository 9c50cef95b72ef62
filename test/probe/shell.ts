/** The shell that the probe is tested in: that of the sandbox's images, or the one that `npm run test:shells` names. */
const [program = "", ...args] = (process.env.FUSE_TEST_SHELL ?? "busybox ash").split(" ");

export const SHELL = { program, args } as const;
