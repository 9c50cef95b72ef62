/**
 * Plain JavaScript in a form that every Node reads, for the two entries that Pulumi starts: a Node before 22.18 cannot read
 * TypeScript, and would answer with a file extension and a stack trace.
 */

/** @param version as `process.version` has it. @throws RunError, which Pulumi's runners print without a stack */
exports.requireNode = (version = process.version) => {
  const [major, minor] = version.slice(1).split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return;
  const { RunError } = require("@pulumi/pulumi/errors");
  const error = new RunError(
    `this needs Node 22.18 or later, and there is ${version}: put a newer one first on PATH, or use npm start, npm run preview and npm run up, which bring their own.`,
  );
  // The runner formats the stack although it does not print it, and Node 20 hangs for a minute over the frame of RunError.
  error.stack = error.message;
  throw error;
};
