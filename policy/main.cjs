/**
 * The entry of the policy pack: index.ts, on a Node that can read it. CommonJS, since the SDK's runner requires the pack, and
 * JavaScript, since it puts a TypeScript compiler of its own before `require`; Node itself reads what is imported.
 */
const { flushCompileCache } = require("node:module");
const { requireNode } = require("../nodeVersion.cjs");

module.exports = async () => {
  requireNode();
  await import("./index.ts");
  // The engine ends a pack by a signal, and Node keeps what it has compiled (NODE_COMPILE_CACHE) only where a process ends by itself.
  setTimeout(flushCompileCache, 1_000).unref();
};
