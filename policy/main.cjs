/**
 * The entry of the policy pack: index.ts, on a Node that can read it. CommonJS, since the SDK's runner requires the pack, and
 * JavaScript, since it puts a TypeScript compiler of its own before `require`; Node itself reads what is imported.
 */
const { requireNode } = require("../nodeVersion.cjs");

module.exports = async () => {
  requireNode();
  await import("./index.ts");
};
