import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { foundIn, judged, type Outcome } from "./judged.ts";
import { provocations as all } from "./provocations.ts";
import type { Provocation } from "./provoke.ts";
import { kubectl, leaveSandbox, onNode, type SandboxDocument, sandbox } from "./sandbox.ts";

/** Two cores run two kubelets and all of this: with more at once, a slow start would be what is provoked. */
const AT_ONCE = 2;

/** FUSE_TEST_CAUSES=a,b provokes only these; FUSE_TEST_EVIDENCE=folder keeps what was seen, as the recorded evidence was made. */
const only = process.env.FUSE_TEST_CAUSES?.split(",");
const inMachine = /^vm/.test(process.env.FUSE_TEST_MACHINE ?? "") || undefined;
const provocations = all.filter(
  (provocation) => (only?.includes(provocation.cause) ?? true) && provocation.inMachine === inMachine,
);

describe("causes on the sandbox", () => {
  let cluster: SandboxDocument;
  const outcomes = new Map<Provocation, Promise<Outcome>>();
  const folder = mkdtempSync(join(tmpdir(), "causes-"));

  before(async () => {
    cluster = await sandbox();
    await onNodes("before");
    const waiting = [...provocations.entries()];
    const take = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const [index, provocation] = next;
        const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
        promise.catch(() => undefined);
        outcomes.set(provocation, promise);
        await provoked(provocation, `c${index}`).then(resolve, reject);
      }
    };
    for (let worker = 0; worker < AT_ONCE; worker++) void take();
  });

  after(async () => {
    await Promise.allSettled(outcomes.values());
    const kinds = ["delete", "namespace", "--ignore-not-found", "--wait=true"];
    await kubectl(cluster, [...kinds, ...provocations.map((_, index) => `causes-c${index}`)]);
    await kubectl(cluster, ["delete", "runtimeclass", "--selector=causes"]);
    console.log(await table());
    rmSync(folder, { recursive: true });
    await onNodes("after");
    await leaveSandbox();
  });

  for (const provocation of provocations) {
    it(`${provocation.cause}: ${provocation.how}`, async () => {
      const { verdict } = await outcome(provocation);
      const found = foundIn(verdict);
      const own = found.find(({ id }) => id === provocation.cause);
      assert.ok(own, `found ${JSON.stringify(found)}`);
      assert.match(JSON.stringify(own.evidence), provocation.quoted);
    });
  }

  async function outcome(provocation: Provocation): Promise<Outcome> {
    for (;;) {
      const known = outcomes.get(provocation);
      if (known) return known;
      await sleep(200);
    }
  }

  async function provoked(provocation: Provocation, id: string): Promise<Outcome> {
    const outcome = await judged(cluster, folder, provocation, id, kept(id, provocation));
    await kubectl(cluster, ["delete", "namespace", `causes-${id}`, "--wait=false"]);
    return outcome;
  }

  async function onNodes(when: "before" | "after"): Promise<void> {
    const scripts = provocations.flatMap((provocation, index) =>
      provocation[when] ? [`ID=causes-c${index}\n${provocation[when]}`] : [],
    );
    // What has no mount of its own leaves at most an empty directory, with the producer's stamp.
    const tidy =
      when === "after"
        ? [
            // No sweep runs here, which would take the mark of a bridge that was made for the test.
            "rm -f /host/causes-c*/.fuse-propagation-test; rmdir /host/causes-c*/fuse /host/causes-c*/sub /host/causes-c* 2>/dev/null; ls -d /host/causes-c* 2>/dev/null",
          ]
        : [];
    const left = await onNode(cluster, "k3s-w2", `${[...scripts, ...tidy].join("\n")}\ntrue`, "Bidirectional");
    if (when === "after") assert.equal(left.trim(), "", "nothing is left on the node");
  }

  const kept = (id: string, { cause }: Provocation): string[] =>
    process.env.FUSE_TEST_EVIDENCE ? ["--evidence", join(process.env.FUSE_TEST_EVIDENCE, `${cause}-${id}.json`)] : [];

  async function table(): Promise<string> {
    const lines: string[] = [];
    for (const provocation of provocations) {
      const known = await outcomes.get(provocation)?.catch(() => undefined);
      const found =
        known && [known.verdict.cause, ...(known.verdict.notes ?? []).map(({ id }) => `note ${id}`)].join(", ");
      lines.push(`${provocation.cause} | ${provocation.how} | ${found ?? "-"} | ${known?.seconds.toFixed(1) ?? "-"}`);
    }
    return ["cause | provoked how | detected | seconds", ...lines].map((line) => `      ${line}`).join("\n");
  }
});
