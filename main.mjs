/** The entry of the Pulumi program: index.ts, on a Node that can read it. */
import { requireNode } from "./nodeVersion.cjs";

export default async () => {
  requireNode();
  const { default: program } = await import("./index.ts");
  return program();
};
