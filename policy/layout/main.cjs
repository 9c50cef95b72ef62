/** The entry of the pack: see ../main.cjs. */
const { requireNode } = require("../../nodeVersion.cjs");

module.exports = async () => {
  requireNode();
  await import("./index.ts");
};
