/** The SDK's runner requires the pack, and compiles what it requires: Node itself reads what is imported. */
module.exports = () => import("./index.ts");
