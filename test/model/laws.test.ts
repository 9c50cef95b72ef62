/** So many that each break of the judge is noticed several times over; test/e2e/laws.test.ts goes on. */
import { lawsHold } from "./held.ts";

lawsHold(800);
