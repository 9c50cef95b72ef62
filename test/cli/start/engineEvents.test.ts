import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import fc from "fast-check";
import { eventPrinter } from "../../../cli/start/engineEvents.ts";

const FIXTURES = join(import.meta.dirname, "..", "..", "fixtures", "engine");

/** Events of a run of `npm start` with the official plugins, as the engine sent them, without what resources hold. */
const official = readFileSync(join(FIXTURES, "official.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as EngineEvent);

const printed = (events: readonly EngineEvent[], verbose = false): string[] => {
  const lines: string[] = [];
  const tell = eventPrinter((line) => lines.push(line), verbose);
  for (const event of events) tell(event);
  return lines;
};

type Said = NonNullable<EngineEvent["diagnosticEvent"]>;
const POD = "urn:pulumi:s::p::kubernetes:core/v1:Pod::s-k3s-w1-producer";
const COLLECT = "urn:pulumi:s::p::command:local:Command::s-collect";
const says = (message: string, more: Partial<Said> = {}): EngineEvent => ({
  sequence: 0,
  timestamp: 0,
  diagnosticEvent: { urn: POD, message, color: "raw", severity: "info", ...more },
});
const violates = (message: string, enforcementLevel: "mandatory" | "warning" = "mandatory"): EngineEvent => ({
  sequence: 0,
  timestamp: 0,
  policyEvent: {
    resourceUrn: POD,
    message,
    color: "raw",
    policyName: "no-host-ports",
    policyPackName: "fuse",
    policyPackVersion: "1",
    policyPackVersionTag: "1",
    enforcementLevel,
  },
});

describe("what is reported of the engine's events", () => {
  it("of official plugins is what the test's own commands say, and none of the plugins' status lines", () => {
    const said = official.map(({ diagnosticEvent }) => diagnosticEvent).filter((one) => one !== undefined);
    for (const noise of [
      "Found {.metadata.uid}",
      "Resource scheduled for deletion",
      "Pod is in the Pending phase",
      "Failed: Error: failed to generate container",
      "Unhealthy: Readiness probe failed:",
    ])
      assert.ok(
        said.some(({ message }) => message.includes(noise)),
        `the recorded run had ${noise}`,
      );
    const own = said.filter(({ urn }) => urn?.includes("$command:local:Command::"));
    const lines = printed(official);
    assert.deepEqual(
      lines,
      own.map(({ message }) => message.replace(/<\{%[^%]*%\}>/g, "").trimEnd()).filter((line) => line !== ""),
    );
    assert.ok(lines.includes("· k3s-w2  fuse-producer-k3s-w2 runs  0.6 s") && lines.length === 24, lines.join("\n"));
  });

  it("is nothing of where the engine found a plugin", () => {
    const message = "using pulumi-resource-kubernetes from $PATH at /opt/pulumi-resource-kubernetes";
    assert.deepEqual(printed([says(message, { severity: "warning", urn: "" })]), []);
  });

  it("is everything with --verbose, each line with its resource", () => {
    const lines = printed(official, true);
    const said = official.flatMap(({ diagnosticEvent }) => diagnosticEvent ?? []);
    const texts = said
      .filter(({ urn }) => urn)
      .map(({ message }) => message.replace(/<\{%[^%]*%\}>/g, "").trimEnd())
      .filter((text) => text !== "");
    assert.ok(texts.some((text) => text.startsWith("Scheduled: ")));
    assert.ok(!lines.some((line) => line.includes("RegisterResource RPC")), "that is for the engine's developers");
    for (const text of texts)
      assert.ok(
        lines.some((line) => line.endsWith(text)),
        text,
      );
    assert.ok(lines.includes("· homelab-k3s-w1-producer: Found {.metadata.uid}"), lines.join("\n"));
    assert.ok(lines.includes("· create kubernetes:core/v1:Namespace homelab-namespace"), lines.join("\n"));
    const failed = lines.filter((line) => line.includes("failed to generate container"));
    assert.equal(failed.length, 16, "nothing is taken for a repetition");
  });

  it("is every error, in whatever words, from whatever resource, of whatever kind", () => {
    const words = fc.constantFrom(
      "Found {.metadata.uid}",
      "Pod is Ready",
      "Failed: Error",
      "using pulumi-a-b from $PATH",
    );
    const error = fc.record({
      text: fc.oneof(words, fc.stringMatching(/^[a-z][a-z ]*$/)),
      urn: fc.constantFrom(POD, COLLECT, ""),
      ephemeral: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(error, { maxLength: 8 }), (errors) => {
        const events = errors.map(({ text, ...more }) => says(text, { severity: "error", ...more }));
        const lines = printed([...official, ...events]);
        for (const { text } of errors) assert.ok(lines.includes(`✗ ${text.trimEnd()}`), text);
      }),
      { numRuns: 50 },
    );
  });

  it("is every violation of a policy, once for each resource", () => {
    const one = violates("Pod fuse-test/a: opens the node's port 80");
    const other: EngineEvent = { ...one, policyEvent: { ...one.policyEvent, resourceUrn: COLLECT } as never };
    const line = "✗ policy no-host-ports: Pod fuse-test/a: opens the node's port 80";
    assert.deepEqual(printed([one, other, one]), [line, line]);
    assert.deepEqual(printed([violates("x", "warning")]), ["! policy no-host-ports: x"]);
  });

  it("is a warning that stays, once, though preview and update both give it", () => {
    const warning = says("finalizers might be preventing deletion (a/b)", { severity: "warning", ephemeral: false });
    assert.deepEqual(printed([warning, warning]), ["! finalizers might be preventing deletion (a/b)"]);
  });

  it("is of a failed command what it has not said before it failed", () => {
    const progress = says("· k3s-w2  fuse-producer-k3s-w2 runs  0.8 s", { urn: COLLECT, ephemeral: true });
    const failed =
      'exit status 2: running "sh cli/node.sh cli/main.ts collect":\n· k3s-w2  fuse-producer-k3s-w2 runs  0.8 s\nerror: no';
    assert.deepEqual(printed([progress, says(failed, { urn: COLLECT, severity: "error" })]), [
      "· k3s-w2  fuse-producer-k3s-w2 runs  0.8 s",
      '✗ exit status 2: running "sh cli/node.sh cli/main.ts collect":',
      "  error: no",
    ]);
  });

  it("is not what the engine logs for its own developers", () => {
    assert.deepEqual(
      printed([says("noise", { severity: "debug" as never }), says("noise", { severity: "info#err" })]),
      [],
    );
  });
});
