import assert from "node:assert/strict";
import { ALLOWED, fixtures } from "../core/rules/fixtures.ts";
import { type Answer, askBoth, ON_SINCE } from "./agreement.ts";
import type { Pod } from "./pods.ts";

const fixture = (name: string): Pod => {
  const found = [...fixtures("valid"), ...fixtures("invalid")].find((one) => one.name === name);
  return structuredClone(found?.documents[0]) as Pod;
};
const [fine, hostile, image] = [fixture("consumer.yaml"), fixture("host-network.yaml"), fixture("volume-image.yaml")];

/** An API server that says the same of each pod: what it stores is what it is sent, unless another is named. */
const judged = async (sent: Pod, says: Answer["says"], stored?: (sent: object) => object, minor = 34) => {
  const ask = async (pod: object): Promise<Answer> =>
    says === "admits" ? { says, stored: stored?.(pod) ?? pod } : { says };
  return (await askBoth(sent, ALLOWED, ask, minor)).differ;
};

/** With what an API server adds, and with what it drops. */
const withDefaults = (pod: object): Pod => {
  const { spec, ...rest } = structuredClone(pod) as Pod;
  return { ...rest, spec: { ...spec, schedulerName: "default-scheduler" } };
};
const dropped = (pod: object): Pod => {
  const stored = withDefaults(pod);
  stored.spec.volumes = (stored.spec.volumes as object[]).filter((volume) => !("image" in volume));
  return stored;
};

describe("agreement of rules and API server", () => {
  it("is found where both let a pod through, or both refuse it", async () => {
    assert.equal(await judged(fine, "admits", withDefaults), undefined);
    assert.equal(await judged(hostile, "denies"), undefined);
    assert.equal(await judged(hostile, "invalid"), undefined);
  });

  it("is missed where only one of them refuses a pod", async () => {
    assert.match((await judged(fine, "denies")) ?? "", /the rules find nothing in it$/);
    assert.match((await judged(hostile, "admits")) ?? "", /the rules say .*hostNetwork/);
  });

  it("is missed where the API server adds what the rules refuse", async () => {
    const added = (pod: object): Pod => ({ ...(pod as Pod), spec: { ...(pod as Pod).spec, hostPID: true } });
    assert.match((await judged(fine, "admits", added)) ?? "", /which it stores, the rules say .*hostPID/);
  });

  describe("on a volume of a feature that is off", () => {
    it("is found where that volume is dropped, and nothing else", async () => {
      assert.equal(await judged(image, "admits", dropped), undefined);
    });

    it("is found where the pod is denied for it, from the version on that has it on", async () => {
      assert.match((await judged(image, "denies", undefined, ON_SINCE.ImageVolume - 1)) ?? "", /nothing in it$/);
      assert.equal(await judged(image, "denies", undefined, ON_SINCE.ImageVolume), undefined);
    });

    it("is missed where the volume is kept", async () => {
      assert.match((await judged(image, "admits")) ?? "", /which it stores, the rules say .*volumes\[0\]\.image/);
    });

    it("is missed where more is dropped with it", async () => {
      const emptied = (pod: object): Pod => {
        const stored = dropped(pod);
        return JSON.stringify(pod).includes('"image":{')
          ? { ...stored, spec: { ...stored.spec, volumes: [] } }
          : stored;
      };
      assert.match((await judged(image, "admits", emptied)) ?? "", /admits something else of/);
    });

    it("is missed where the pod is denied for it alone", async () => {
      assert.match((await judged(image, "denies")) ?? "", /the rules find nothing in it$/);
    });

    it("is missed where the pod breaks a rule otherwise", async () => {
      const both = { ...image, spec: { ...image.spec, hostNetwork: true } };
      assert.match((await judged(both, "admits", dropped)) ?? "", /the rules say .*hostNetwork/);
    });
  });
});
