import { UserError } from "../../base/problem.ts";

/**
 * Pulumi's own rule for the name of a stack; here it names files, too, which must not lie elsewhere.
 *
 * @throws UserError where it is none.
 */
export function requireStackName(stack: string): string {
  if (/^[A-Za-z0-9_.-]{1,100}$/.test(stack) && stack !== "." && stack !== "..") return stack;
  throw new UserError(`--stack ${JSON.stringify(stack)} is not the name of a stack`, {
    remedy: "use 1 to 100 letters, digits, -, _ and ., as in Pulumi.homelab.yaml: --stack homelab",
  });
}
