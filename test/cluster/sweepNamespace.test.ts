import assert from "node:assert/strict";
import { requireOwnNamespace, withNamespace } from "../../cluster/sweepNamespace.ts";
import { namespace } from "../../core/manifests/namespace.ts";
import { parseSettings } from "../../core/settings/settings.ts";
import { type Api, api } from "./api.ts";

const SETTINGS = parseSettings({ nodes: ["a"], namespace: "media" });
const READ = "GET /api/v1/namespaces/media";

describe("the namespace of a run", () => {
  let server: Api;
  afterEach(() => server.close());

  it("is refused where somebody else made it, and nothing in it is touched", async () => {
    server = await api({ [READ]: { metadata: { name: "media", labels: { team: "tv" } } } });
    const refused = {
      message: /^the namespace media is there already, and was not made/,
      remedy: /--set namespace=.*delete it/,
    };
    await assert.rejects(requireOwnNamespace(server.config, SETTINGS), refused);
    await assert.rejects(
      withNamespace(server.config, SETTINGS, () => Promise.reject(new Error("must not come this far"))),
      refused,
    );
    assert.deepEqual(server.requests, [READ, READ]);
  });

  it("is refused where another operator's run has it, with the name of that one", async () => {
    const theirs = parseSettings({ nodes: ["a"], namespace: "media", owner: "bob@desk/homelab" });
    server = await api({ [READ]: namespace(theirs) });
    const own = { ...SETTINGS, owner: "alice@laptop/homelab" };
    const refused = {
      message: /^the namespace media belongs to the run of bob@desk\/homelab$/,
      remedy: /--set owner=bob@desk\/homelab/,
    };
    await assert.rejects(requireOwnNamespace(server.config, own), refused);
    await assert.rejects(
      withNamespace(server.config, own, () => Promise.reject(new Error("must not come this far"))),
      refused,
    );
    assert.deepEqual(server.requests, [READ, READ]);
    await requireOwnNamespace(server.config, theirs);
  });

  it("is not taken for a free one where it may not be looked at", async () => {
    server = await api({ [READ]: 403 });
    await assert.rejects(requireOwnNamespace(server.config, SETTINGS), {
      message: /^the namespace media cannot be looked at: HTTP 403/,
      remedy: /npm run rights/,
    });
  });

  it("may be one that this project made, or not be there at all", async () => {
    server = await api({ [READ]: namespace(SETTINGS) });
    assert.equal(await requireOwnNamespace(server.config, SETTINGS), true);
    server.close();
    server = await api({});
    assert.equal(await requireOwnNamespace(server.config, SETTINGS), false);
  });
});
