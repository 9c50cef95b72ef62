import assert from "node:assert/strict";
import { answered, isAsked, nodeVerdict, scenarioVerdict } from "../../../core/diagnosis/answer.ts";
import { platformOf, testedDaemon } from "../../../core/diagnosis/platform.ts";
import type { ReaderTimeline } from "../../../core/diagnosis/timeline.ts";
import type { Verdict } from "../../../core/diagnosis/verdict.ts";
import { evidence } from "../evidence/evidence.ts";

const verdict = (more: Partial<Verdict>, reader: ReaderTimeline = {}): Verdict => ({
  verdict: "success",
  cause: "success",
  explanation: "It was seen.",
  fix: "",
  fixTried: false,
  evidence: [{ source: "default", text: "nonce" }],
  decision: { text: "", nextStep: "" },
  platform: platformOf(evidence({})),
  daemon: testedDaemon(evidence({})),
  timings: { remounted: true, complete: true, readers: { default: reader, hardened: reader }, replacements: [] },
  ...more,
});
const hung = { recoveredMs: 80, stale: { errno: "ETIMEDOUT", afterMs: 2000 } } satisfies ReaderTimeline;
const hang = (reader: ReaderTimeline, aborted?: boolean) =>
  verdict({
    timings: {
      remounted: true,
      complete: true,
      ...(aborted === undefined ? {} : { aborted }),
      readers: { default: reader, hardened: reader },
      replacements: [],
    },
  });
const ran = (reader: ReaderTimeline, producerEnded?: string) =>
  verdict({
    timings: {
      remounted: true,
      complete: true,
      ...(producerEnded === undefined ? {} : { producerEnded }),
      readers: { default: reader, hardened: reader },
      replacements: [],
    },
  });
const note = { id: "slow-mount", explanation: "", fix: "", evidence: [{ source: "a", text: "b" }] };
const unmounted = verdict({ timings: { remounted: false, complete: true, readers: {}, replacements: [] } });
const { timings } = verdict({}, { recoveredMs: 80, restarted: true });
const timed = { timings };
const failure = (cause: string) => verdict({ verdict: "failure", cause, explanation: "It was not." });

describe("what a scenario found", () => {
  const cases: readonly (readonly [string, string, Verdict, boolean, RegExp])[] = [
    ["is back", "producer-restart", verdict({}, { recoveredMs: 80 }), true, /were back without a restart of their own/],
    ["is not back", "producer-restart", verdict({}, { notBack: true }), false, /need a liveness probe/],
    ["silent", "producer-restart", verdict({}), false, /^Not answered: a reader has not reported/],
    ["is back", "oom", ran({ recoveredMs: 80 }, "OOMKilled"), true, /was OOMKilled .* without a restart of their own/],
    ["is not back", "oom", ran({ notBack: true }, "OOMKilled"), false, /need a liveness probe/],
    [
      "not for its memory",
      "oom",
      ran({ recoveredMs: 80 }, "Error"),
      false,
      /^Not answered: the kubelet does not say .* \(Error\)/,
    ],
    [
      "silent kubelet",
      "oom",
      ran({ recoveredMs: 80 }),
      false,
      /^Not answered: the kubelet does not say .* \(nothing\)/,
    ],
    ["frees readers", "daemon-hang", hang(hung, true), true, /until the connection is aborted/],
    ["not back", "daemon-hang", hang({ stale: hung.stale, notBack: true }, true), false, /after a hang/],
    ["silent", "daemon-hang", hang({ stale: hung.stale }, true), false, /^Not answered: a reader has not reported/],
    ["met by nobody", "daemon-hang", hang({ recoveredMs: 80 }, true), false, /^Not answered: no reader met/],
    ["not aborted", "daemon-hang", hang(hung, false), false, /^Not answered: the connection .* could not be aborted/],
    ["not tried", "daemon-hang", hang(hung), false, /^Not answered: the connection .* could not be aborted/],
    ["the trap is sprung", "empty-dir", failure("bridge-not-hostpath"), true, /each pod's own/],
    ["the trap is not sprung", "empty-dir", verdict({}), false, /crossed an emptyDir/],
    ["the trap is sprung", "sub-path", failure("subpath-used"), true, /the kubelet cannot make it again/],
    ["made again", "sub-path", { ...failure("consumer-binds-mountpoint"), ...timed }, false, /^It was not\.$/],
    ["never made again", "sub-path", failure("consumer-binds-mountpoint"), false, /^Not answered: a reader was not/],
    ["another trap", "parent-vs-leaf", failure("node-root-private"), false, /^It was not\.$/],
    ["slow, and noted", "slow-mount", verdict({ notes: [note] }), true, /plain directory first/],
    ["as fast as ever", "slow-mount", verdict({}), false, /does not see it/],
    ["seen by nobody", "oom", failure("unknown"), false, /^Not answered: It was not\.$/],
    ["never mounted again", "producer-restart", unmounted, false, /^Not answered: the daemon did not mount again/],
    [
      "readers gone before",
      "daemon-hang",
      verdict({}, { leftEarly: true }),
      false,
      /^Not answered: the daemon did not mount again/,
    ],
    [
      "in time",
      "late-consumer",
      verdict({}, { recoveredMs: 80 }),
      false,
      /^Not answered: the consumer was not created/,
    ],
    [
      "late",
      "late-consumer",
      verdict({}, { recoveredMs: 80, bornLate: true }),
      true,
      /the start order does not matter/,
    ],
    [
      "with the node's own users",
      "user-namespace",
      verdict({}, { recoveredMs: 80, bornLate: true }),
      false,
      /^Not answered: the consumer was not given a user namespace/,
    ],
    [
      "with users of its own",
      "user-namespace",
      verdict({}, { recoveredMs: 80, bornLate: true, userNamespace: true }),
      true,
      /reads the mount that was there before it, and the next one/,
    ],
    ["back first", "consumer-restart", verdict({}, { recoveredMs: 80 }), false, /^Not answered: a reader was back/],
    ["restarted", "consumer-restart", verdict({}, { recoveredMs: 80, restarted: true }), true, /is a cure/],
    [
      "not answered",
      "daemon-hang",
      verdict({ verdict: "inconclusive", cause: "image-unavailable", explanation: "No image." }),
      false,
      /^Not answered: No image\.$/,
    ],
  ];
  for (const [name, id, given, asExpected, finding] of cases)
    it(`${id}: ${name}`, () => {
      const found = scenarioVerdict(id, given);
      assert.equal(found.asExpected, asExpected);
      assert.match(found.finding, finding);
      assert.equal(found.cause, given.cause);
    });

  it("waits for the kubelet's word on a container that ran out of memory, and no longer than there is any", () => {
    const of = (producerEnded: string | undefined, scenario: string, final = false) =>
      answered(ran({ recoveredMs: 80 }, producerEnded), evidence({ scenario, final }), []);
    assert.deepEqual([of(undefined, "oom"), of(undefined, "oom", true), of("OOMKilled", "oom")], [false, true, true]);
    assert.equal(of(undefined, "producer-restart"), true);
  });

  it("is asked only where the mount crosses at all, unless it does without the base pair's bridge", () => {
    assert.equal(isAsked(verdict({}), "late-consumer"), true);
    assert.equal(isAsked(failure("bridge-mount-private"), "late-consumer"), false);
    assert.equal(isAsked(failure("bridge-mount-private"), "same-pod"), true);
  });
});

describe("the ways out of a node", () => {
  const barred = failure("peer-group-destroyed");
  const found = (one: Verdict, asExpected: boolean, finding = "") => ({ "same-pod": { ...one, asExpected, finding } });
  const ways = (scenarios: Parameters<typeof nodeVerdict>[1]) =>
    nodeVerdict(barred, scenarios).decision.ways?.map(({ id, answer }) => `${id} ${answer}`) ?? [];

  it("begin with what a scenario of the same run has shown there", () => {
    assert.equal(ways(found(verdict({}), true))[0], "same-pod works");
  });

  it("have none that has failed there, and take no word of one that was not answered", () => {
    assert.deepEqual(
      [failure("unknown"), verdict({})].flatMap((failed) =>
        ways(found(failed, false, "It does not hold.")).filter((way) => way.startsWith("same-pod")),
      ),
      [],
    );
    for (const open of [verdict({}), verdict({ verdict: "inconclusive" })])
      assert.ok(ways(found(open, false, "Not answered: nobody knows.")).includes("same-pod needs-proof"));
  });

  it("are reported in the operator's own words, too", () => {
    const words = { success: "Do.", failure: "Leave it.", waysOut: ["ask somebody"] };
    const { decision } = nodeVerdict(barred, found(verdict({}), true), words);
    assert.equal(decision.text, "Leave it.");
    assert.equal(decision.waysOut?.at(-1), "ask somebody");
    assert.equal(decision.waysOut?.length, (decision.ways?.length ?? 0) + 1);
  });
});
