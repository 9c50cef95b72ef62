/**
 * The sandbox's one error: what failed, what to do about it and, where there is one, the log that tells more.
 * Anything else that is thrown is a fault of this code.
 */
export class SandboxError extends Error {
  override readonly name = "SandboxError";
  readonly remedy: string;
  /** Path of the log that explains the failure. */
  readonly log: string | undefined;

  constructor(message: string, remedy: string, log?: string) {
    super(message);
    this.remedy = remedy;
    this.log = log;
  }
}

export const ownCluster = "A cluster of your own will do instead: npm start -- --context NAME";

export class Interrupted extends SandboxError {
  constructor() {
    super("interrupted", "Run the same command again when you are ready; nothing of this start was left.");
  }
}
