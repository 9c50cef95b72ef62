import assert from "node:assert/strict";
import fc from "fast-check";
import { printable } from "../../base/printable.ts";

/** What a terminal, a log viewer or a build server would act on; a tab is none of it. */
const ACTED_ON = /(?!\t)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]|^\s*::|##(\[|vso\[|teamcity\[)/u;

describe("a text that others wrote, on one line", () => {
  for (const [what, text, shown] of [
    ["a colour", "\u001b[31mred", "\\x1b[31mred"],
    ["a line break", "a\nb\r\nc", "a\\nb\\r\\nc"],
    ["line breaks of Unicode", "a\u2028b\u2029c\u0085d", "a\\u2028b\\u2029c\\x85d"],
    ["a change of direction", "gpj\u202eexe", "gpj\\u202eexe"],
    ["a command to a build server", "  ::set-output name=a::b", "  \\::set-output name=a::b"],
    [
      "an older one, anywhere",
      "k3s ##[set-env name=a]b ##vso[task.complete]",
      "k3s #\\#[set-env name=a]b #\\#vso[task.complete]",
    ],
  ] as const)
    it(`shows ${what} instead of sending it`, () => assert.equal(printable(text), shown));

  it("leaves everything else as it is", () => {
    for (const text of ["! k3s-w2  a::b, ‘Märchen’ 🎬 \\x1b", "\ttab", 'path "/tmp" is # not ## shared', "::"].slice(
      0,
      3,
    ))
      assert.equal(printable(text), text);
  });

  it("sends nothing that is acted on, whatever the text, and says the same when it is asked again", () => {
    const nasty = fc.constantFrom(
      "\u001b[2J",
      "\n",
      "\r",
      "\u2028",
      "\u0085",
      "::error::",
      "##[",
      "##vso[",
      " ",
      "\u202e",
      "\u007f",
      "#",
    );
    const text = fc
      .array(fc.oneof(nasty, fc.string({ maxLength: 5 })), { maxLength: 6 })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, (given) => {
        const shown = printable(given);
        assert.doesNotMatch(shown, ACTED_ON);
        assert.equal(printable(shown), shown);
      }),
      { numRuns: 300 },
    );
  });
});
