import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MARKS, shownOn } from "../../base/marks.ts";

const line = `${MARKS.success} a  ${MARKS.failure} b  ${MARKS.inconclusive} c  ${MARKS.note} d…`;
const ascii = "+ a  x b  ! c  - d...";
const terminal = { isTTY: true };

describe("marks", () => {
  it("are ASCII on a terminal whose locale is not UTF-8", () => {
    for (const env of [{}, { LANG: "C" }, { LANG: "de_DE.ISO-8859-1" }, { LANG: "" }])
      assert.equal(shownOn(terminal, line, env), ascii, JSON.stringify(env));
  });

  it("are themselves on a terminal whose locale is UTF-8, however that is spelled", () => {
    for (const LANG of ["C.UTF-8", "en_GB.utf8", "de_DE.UTF-8@euro"])
      assert.equal(shownOn(terminal, line, { LANG }), line, LANG);
  });

  it("follow the variables in the order of setlocale(3)", () => {
    assert.equal(shownOn(terminal, line, { LC_ALL: "C", LC_CTYPE: "C.UTF-8", LANG: "C.UTF-8" }), ascii);
    assert.equal(shownOn(terminal, line, { LC_ALL: "", LC_CTYPE: "C.UTF-8", LANG: "C" }), line);
    assert.equal(shownOn(terminal, line, { LC_CTYPE: "POSIX", LANG: "C.UTF-8" }), ascii);
  });

  it("stay UTF-8 where the output is captured, whatever the locale", () => {
    assert.equal(shownOn({}, line, { LC_ALL: "C" }), line);
  });

  it("stand in one file alone, as characters", () => {
    const root = join(import.meta.dirname, "..", "..");
    const rooms = "{base,core,cluster,cli,components,policy,probe,report,sandbox,stand-ins}";
    // `!` and `·` are also other things: as marks they begin a text.
    const literal = /[✓✗√×‼]|["`] *[!·] /;
    const files = globSync([`${rooms}/**/*.{ts,sh}`, "index.ts"], { cwd: root });
    const found = files.filter((file) => literal.test(readFileSync(join(root, file), "utf8")));
    assert.deepEqual(found, ["base/marks.ts"]);
  });
});
