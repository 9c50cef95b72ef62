/** Numbers on the command line of what is run for the project alone, as commander's parsers. */
import { UserError } from "../base/problem.ts";

/**
 * @param what names the value in the error
 * @param example a whole command line that is right
 */
export const whole =
  (what: string, { from, to = Number.MAX_SAFE_INTEGER, example }: WholeNumber) =>
  (text: string): number => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= from && number <= to) return number;
    const range = to === Number.MAX_SAFE_INTEGER ? `from ${from} on` : `from ${from} to ${to}`;
    throw new UserError(`${what} is "${text}", and no whole number ${range}`, {
      remedy: `give one, without signs and units: ${example}`,
    });
  };

interface WholeNumber {
  readonly from: number;
  readonly to?: number;
  readonly example: string;
}
