/** More histories than the unit tests have time for. It needs no sandbox, and leaves the processors to those that wait for theirs. */
import { setPriority } from "node:os";
import { lawsHold } from "../model/held.ts";

setPriority(10);
lawsHold(2000, { breaks: true });
