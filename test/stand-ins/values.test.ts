import assert from "node:assert/strict";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { containsUnknown, decode, encode, UNKNOWN } from "../../stand-ins/protocol/values.ts";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const secret = (value: unknown) => ({ [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270", value });

describe("plugin protocol: values", () => {
  it("unwraps secrets and marks the same places again", () => {
    const sent = { plain: 1, list: ["a", secret("b")], whole: secret({ inner: secret("c") }) };
    const wire = structPb.Struct.fromJavaScript(sent as Parameters<typeof structPb.Struct.fromJavaScript>[0]);
    const { bag, secrets } = decode(wire);
    assert.deepEqual(bag, { plain: 1, list: ["a", "b"], whole: { inner: "c" } });
    assert.deepEqual(encode(bag, secrets).toJavaScript(), sent);
  });

  it("skips secrets the answer does not have, and drops what is undefined", () => {
    assert.deepEqual(encode({ a: 1, b: undefined }, [["gone"], ["a", "deep"]]).toJavaScript(), { a: 1 });
  });

  it("reads an output value that is not known yet as unknown", () => {
    const wire = structPb.Struct.fromJavaScript({ a: { [SIGNATURE]: "d0e6a833031e9bbcd3f4e8bde6ca49a4" } });
    const { bag } = decode(wire);
    assert.deepEqual(bag, { a: UNKNOWN });
    assert.ok(containsUnknown({ deep: [bag] }));
    assert.ok(!containsUnknown({ deep: ["known"] }));
  });
});
