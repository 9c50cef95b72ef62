/** What goes wrong with the sandbox. */
import { UserError } from "../base/problem.ts";

/** Its message may have several lines: it quotes what a program printed. */
export class SandboxError extends UserError {
  override readonly name = "SandboxError";
  override readonly hasLines = true;

  constructor(message: string, remedy: string, log?: string) {
    super(message, { remedy, log });
  }
}

export const ownCluster = "A cluster of your own will do instead: npm start -- --context NAME";
