/** A few, for whoever changes the judge; test/e2e/laws.test.ts goes on. */
import { lawsHold } from "./held.ts";

lawsHold(150, { breaks: false });
