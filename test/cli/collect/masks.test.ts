import assert from "node:assert/strict";
import { masked } from "../../../cli/collect/masks.ts";

const COMMAND = `mkdir -p /app/dfs
cat >/app/config.json <<END
{"debrids": [{"api_key": "AB12cd34EF"}], "mount": {"allow_other": true, "mount_path": "$MOUNT"}}
END
exec /usr/bin/decypharr --config /app --pass=Tr0ub4dor&3xyz --url https://me:h0rsebattery@host/x`;

describe("what is printed of a run with a command of the user's", () => {
  const hide = masked(COMMAND);

  it("has none of the command's words that may be a key", () => {
    const said = hide({
      text: 'HTTP 401: the key "AB12cd34EF" is wrong, AB12cd34EF!',
      list: ["at me:h0rsebattery@host", { pass: "Tr0ub4dor" }],
      whole: `refused: ${COMMAND}`,
    });
    assert.doesNotMatch(JSON.stringify(said), /AB12|h0rse|Tr0ub/);
    assert.match(said.text, /^HTTP 401: the key "\[secret\]" is wrong/);
  });

  it("has what a diagnosis quotes: paths, mount options, names in plain letters", () => {
    const evidence = {
      mount: "422 367 0:142 / /bridge/fuse rw,nosuid - fuse.dfs dfs rw,user_id=0,allow_other",
      words: 'exec: "/usr/bin/decypharr": executable file not found; --config mkdir',
      seconds: 12345678,
      none: undefined,
    };
    assert.deepEqual(hide(evidence), evidence);
  });

  it("is as it was without one", () => assert.deepEqual(masked("")({ a: "AB12cd34EF" }), { a: "AB12cd34EF" }));
});
