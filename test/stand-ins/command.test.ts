import assert from "node:assert/strict";
import { commandProvider } from "../../stand-ins/command/provider.ts";
import type { Provider } from "../../stand-ins/protocol/provider.ts";
import { type Bag, UNKNOWN } from "../../stand-ins/protocol/values.ts";
import { until } from "../until.ts";

const OPERATION = {
  urn: "urn:pulumi:s::p::command:local:Command::cmd",
  name: "cmd",
  type: "command:local:Command",
  timeoutSeconds: 0,
};

describe("command plugin", () => {
  let lines: string[];
  let provider: Provider;
  const create = (inputs: Bag, preview = false) => provider.create({ ...OPERATION, inputs, preview });
  const update = (inputs: Bag, oldOutputs: Bag) =>
    provider.update({ ...OPERATION, id: "i", inputs, oldOutputs, preview: false });
  const remove = (outputs: Bag) => provider.delete({ ...OPERATION, id: "i", inputs: outputs, outputs });

  beforeEach(() => {
    lines = [];
    provider = commandProvider({ status: (_, line) => lines.push(line) });
  });

  it("keeps what was printed, without the last newline, and streams each line", async () => {
    const { id, outputs } = await create({ create: "echo one; echo two; printf half; echo oops >&2" });
    assert.match(id, /^cmd[0-9a-f]{8}$/);
    assert.equal(outputs.stdout, "one\ntwo\nhalf");
    assert.equal(outputs.stderr, "oops");
    assert.deepEqual([...lines].sort(), ["half", "one", "oops", "two"]);
  });

  const LOGGED: readonly (readonly [string, readonly string[]])[] = [
    ["stdout", ["out"]],
    ["stderr", ["err"]],
    ["stdoutAndStderr", ["err", "out"]],
    ["none", []],
  ];
  for (const [logging, expected] of LOGGED) {
    it(`logging "${logging}" shows ${expected.join(" and ") || "nothing"}`, async () => {
      const { outputs } = await create({ create: "echo out; echo err >&2", logging });
      assert.deepEqual([...lines].sort(), expected);
      assert.equal(outputs.stdout, "out");
    });
  }

  it("refuses a line that the official plugin would hang on, unless it is not logged", async () => {
    const long = "head -c 70000 /dev/zero | tr '\\0' a; echo; echo b";
    await assert.rejects(
      create({ create: long }),
      /a line of 65536 bytes or more on stdout, .* set logging to leave stdout out/,
    );
    assert.match(String((await create({ create: long, logging: "stderr" })).outputs.stdout), /^a{70000}\nb$/);
  });

  it("passes stdin, environment, directory and interpreter", async () => {
    const { outputs } = await create({
      create: "process.stdin.on('data', (d) => console.log(process.env.WHO + ' ' + d + ' ' + process.cwd()))",
      interpreter: [process.execPath, "-e"],
      environment: { WHO: "you" },
      stdin: "text",
      dir: "/",
    });
    assert.equal(outputs.stdout, "you text /");
  });

  it("does not mind a command that leaves its stdin unread", async () => {
    assert.equal((await create({ create: "exec true", stdin: "x".repeat(1_000_000) })).outputs.stdout, "");
  });

  it("runs nothing in a preview, and nothing without a command", async () => {
    assert.equal((await create({ create: "exit 3" }, true)).outputs.stdout, UNKNOWN);
    assert.equal((await create({ create: UNKNOWN }, true)).outputs.create, UNKNOWN);
    assert.equal((await create({})).outputs.stdout, "");
  });

  it("fails with the exit status, the command and all that was printed, in the official words", async () => {
    await assert.rejects(create({ create: "seq 1000; echo broken >&2; exit 7" }), (error: Error) => {
      assert.ok(error.message.startsWith('exit status 7: running "seq 1000; echo broken >&2; exit 7":\n1\n2\n'));
      assert.match(error.message, /\nbroken\n$/);
      return true;
    });
    await assert.rejects(create({ create: "kill -9 $$" }), /^Error: signal: killed: running /);
    await assert.rejects(
      create({ create: "x", interpreter: ["/no/such/program"] }),
      /^Error: fork\/exec \/no\/such\/program: no such file or directory: running "x":\n$/,
    );
    await assert.rejects(
      create({ create: "x", dir: "/no/such" }),
      /^Error: chdir \/no\/such: no such file or directory/,
    );
  });

  it("update runs `update`, else `create`, and knows the earlier output", async () => {
    const show = "echo $PULUMI_COMMAND_STDOUT-$PULUMI_COMMAND_STDERR";
    const old = { stdout: "was", stderr: "warned" };
    assert.equal((await update({ create: "exit 1", update: show }, old)).stdout, "was-warned");
    assert.equal((await update({ create: show }, old)).stdout, "was-warned");
    assert.equal((await update({ create: show, addPreviousOutputInEnv: false }, old)).stdout, "-");
    assert.equal((await update({ delete: "true" }, old)).stdout, "was");
  });

  it("delete runs `delete` with the earlier output, and nothing without it", async () => {
    await remove({ create: "exit 1", stdout: "x" });
    await assert.rejects(remove({ delete: 'echo "was $PULUMI_COMMAND_STDOUT"; exit 1', stdout: "x" }), /was x/);
  });

  it("replaces when a trigger changes, updates when anything else does", () => {
    const diff = (news: Bag) =>
      provider.diff({ type: OPERATION.type, oldInputs: { create: "a", triggers: [1] }, news });
    assert.deepEqual(diff({ create: "a", triggers: [1] }).changes, []);
    assert.deepEqual(
      diff({ create: "b", triggers: [1] }).changes.map(({ replace }) => replace),
      [false],
    );
    assert.deepEqual(
      diff({ create: "a", triggers: [2] }).changes.map(({ replace }) => replace),
      [true],
    );
    assert.deepEqual(
      diff({ create: "a" }).changes.map(({ replace }) => replace),
      [true],
    );
  });

  it("refuses what only the official plugin can, and values of the wrong kind", async () => {
    const check = async (type: string, news: Bag) =>
      (await provider.check({ name: "cmd", type, olds: {}, news })).failures.map(({ property }) => property);
    assert.deepEqual(await check(OPERATION.type, { create: UNKNOWN, logging: "none" }), []);
    assert.deepEqual(await check(OPERATION.type, { assetPaths: ["*"], create: 3, logging: "loud" }), [
      "assetPaths",
      "create",
      "logging",
    ]);
    assert.deepEqual(await check("command:remote:Command", {}), [""]);
  });

  it("cancel kills the command, with no time to clean up, and lets none begin", async () => {
    const outcome = assert.rejects(
      create({ create: "trap 'echo cleaned' INT TERM; echo started; while :; do :; done" }),
      (error: Error) => {
        assert.match(error.message, /^signal: killed: running ".*":\nstarted\n$/);
        return true;
      },
    );
    await until(() => lines.includes("started"), Boolean, { everyMs: 5 });
    const asked = Date.now();
    await provider.cancel();
    await outcome;
    assert.ok(Date.now() - asked < 15_000);
    await assert.rejects(create({ create: "echo late" }), /^Error: context canceled: running "echo late":\n$/);
  });

  it("marks the output secret when an input is", () => {
    assert.deepEqual(provider.secretOutputs({}, true), [["stdout"], ["stderr"]]);
    assert.deepEqual(provider.secretOutputs({}, false), []);
  });
});
