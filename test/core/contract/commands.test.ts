import assert from "node:assert/strict";
import { commandLine, commandWords, parseCommandLine } from "../../../core/contract/commands.ts";

const SWEEP = "exec sh cli/node.sh cli/main.ts sweep --stdin";

describe("the commands that components register", () => {
  it("are this program's own verbs, in the words that Pulumi keeps in its state", () => {
    assert.equal(commandLine("sweep", { nodesOnly: true }), `${SWEEP} --nodes-only`);
    assert.equal(
      commandLine("collect", { run: "a-1", failOn: "never" }),
      "exec sh cli/node.sh cli/main.ts collect --stdin --run a-1 --fail-on never",
    );
    assert.equal(
      commandLine("export", { json: true, remove: true }),
      "exec sh cli/node.sh cli/main.ts export --stdin --json --remove",
    );
    assert.deepEqual(commandWords("sweep", { json: true }), ["sweep", "--stdin", "--json"]);
  });

  it("are read back as they were built", () => {
    assert.deepEqual(parseCommandLine(commandLine("collect", { run: "a-1", failOn: "failure" })), {
      verb: "collect",
      options: { run: "a-1", failOn: "failure" },
    });
    assert.deepEqual(parseCommandLine(commandLine("export", { json: true, fluxKustomization: true })), {
      verb: "export",
      options: { json: true, fluxKustomization: true },
    });
    assert.deepEqual(parseCommandLine(SWEEP), { verb: "sweep", options: {} });
  });

  it("hold no value that a shell or a program could read as something else", () => {
    for (const run of ["$(id)", "a b", "-x", "", "a;id", "a\nid"])
      assert.throws(() => commandLine("collect", { run }), /is not one word/, run);
  });

  for (const line of [
    "",
    "exec sh cli/node.sh cli/main.ts",
    "exec sh cli/node.sh cli/main.ts start --stdin",
    "exec sh cli/node.sh cli/main.ts toString --stdin",
    "exec sh cli/node.sh cli/main.ts sweep",
    "exec sh cli/node.sh cli/other.ts sweep --stdin",
    "exec bash cli/node.sh cli/main.ts sweep --stdin",
    `${SWEEP} `,
    ` ${SWEEP}`,
    `${SWEEP}\n`,
    `${SWEEP}  --json`,
    `${SWEEP} --json --json`,
    `${SWEEP} --node k3s-w1`,
    `${SWEEP} --run a-1`,
    `${SWEEP}; id`,
    "exec sh cli/node.sh cli/main.ts collect --stdin --run",
    "exec sh cli/node.sh cli/main.ts collect --stdin --run $(id)",
    "exec sh cli/node.sh cli/main.ts collect --stdin --run --fail-on",
    "exec sh cli/node.sh cli/main.ts collect --stdin --evidence /etc/passwd",
  ])
    it(`are not ${JSON.stringify(line)}`, () => assert.equal(parseCommandLine(line), undefined));
});
