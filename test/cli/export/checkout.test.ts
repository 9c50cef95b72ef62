import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCheckout } from "../../../cli/export/checkout.ts";

const PARENT = "clusters/homelab/kustomization.yaml";
const OTHER = 65534;

describe("a checkout on disk", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "checkout-"));
    chmodSync(root, 0o755);
    mkdirSync(join(root, "clusters/homelab"), { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const file = (path = PARENT) => join(root, path);
  const write = (path: string, before: string | undefined, after: string) =>
    openCheckout(root).write([{ path, before, after }]);
  /** What stands in the checkout, as bytes: nothing may be half done, and nothing be left beside it. */
  const all = () =>
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [
        join(entry.parentPath, entry.name).slice(root.length + 1),
        readFileSync(join(entry.parentPath, entry.name), "latin1"),
      ]);

  it("refuses a file that is not UTF-8, of which it would lose bytes", () => {
    writeFileSync(file(), Buffer.from("# M\xe4rchen\nresources: []\n", "latin1"));
    const before = all();
    assert.throws(() => openCheckout(root).read(PARENT), {
      name: "UserError",
      message: `${PARENT} is not UTF-8`,
      remedy: /iconv/,
    });
    assert.deepEqual(all(), before);
  });

  it("keeps a byte order mark", () => {
    writeFileSync(file(), "\ufeffresources: []\n");
    assert.equal(openCheckout(root).read(PARENT), "\ufeffresources: []\n");
  });

  it("says so where a file stands in a directory's place", () => {
    writeFileSync(join(root, "apps"), "");
    assert.throws(() => write("apps/testing/kustomization.yaml", undefined, "a"), {
      name: "UserError",
      message: /^apps\/testing\/kustomization\.yaml cannot be written: a file stands where .* needs a directory/,
    });
    assert.deepEqual(all(), [["apps", ""]]);
  });

  it("says so where a directory stands in the file's place, and leaves nothing beside it", () => {
    mkdirSync(file());
    assert.throws(() => write(PARENT, undefined, "a"), {
      name: "UserError",
      message: `${PARENT} cannot be written: it is a directory`,
      remedy: /move it away/,
    });
    assert.deepEqual(all(), []);
  });

  it("changes nothing where the last of several changes is refused", () => {
    mkdirSync(file("clusters/homelab/b"));
    const changes = ["a", "b"].map((name) => ({ path: `clusters/homelab/${name}`, before: undefined, after: "x" }));
    assert.throws(() => openCheckout(root).write(changes), { name: "UserError" });
    assert.deepEqual(all(), []);
  });

  it("refuses a file with a second name, which would keep the old text", () => {
    writeFileSync(file(), "a");
    linkSync(file(), file("clusters/second.yaml"));
    assert.throws(() => write(PARENT, "a", "b"), {
      name: "UserError",
      message: `${PARENT} cannot be written: it has 2 names (hard links), and would be parted from the others`,
    });
    assert.equal(readFileSync(file(), "utf8"), "a");
    assert.equal(statSync(file()).nlink, 2);
  });

  describe("of another user", () => {
    before(function () {
      // Only root can give files away.
      if (process.getuid?.() !== 0) this.skip();
    });
    const as = (uid: number, work: () => void) => {
      process.seteuid?.(uid);
      try {
        work();
      } finally {
        process.seteuid?.(0);
      }
    };

    it("keeps a file's owner, group and mode", () => {
      writeFileSync(file(), "a");
      chownSync(file(), OTHER, OTHER);
      chmodSync(file(), 0o640);
      write(PARENT, "a", "b");
      const { uid, gid, mode } = statSync(file());
      assert.deepEqual([uid, gid, mode & 0o7777], [OTHER, OTHER, 0o640]);
      assert.equal(readFileSync(file(), "utf8"), "b");
    });

    it("refuses a file whose owner it cannot keep", () => {
      writeFileSync(file(), "a");
      chmodSync(join(root, "clusters/homelab"), 0o777);
      as(OTHER, () =>
        assert.throws(() => write(PARENT, "a", "b"), {
          name: "UserError",
          message: `${PARENT} cannot be written: it belongs to user 0, and would be yours`,
          remedy: /as its owner/,
        }),
      );
      assert.deepEqual(all(), [[PARENT, "a"]]);
    });

    it("says so where it may not write, or not read", () => {
      as(OTHER, () =>
        assert.throws(() => write(PARENT, undefined, "a"), {
          name: "UserError",
          message: `${PARENT} cannot be written: permission denied`,
        }),
      );
      writeFileSync(file(), "a", { mode: 0o600 });
      as(OTHER, () => {
        assert.throws(() => openCheckout(root).read(PARENT), {
          name: "UserError",
          message: `${PARENT} cannot be read: permission denied`,
        });
      });
      chmodSync(join(root, "clusters/homelab"), 0o700);
      as(OTHER, () => assert.throws(() => openCheckout(root).read(PARENT), { name: "UserError" }));
      as(OTHER, () => assert.throws(() => openCheckout(root).files("clusters/homelab"), { name: "UserError" }));
      assert.deepEqual(all(), [[PARENT, "a"]]);
    });
  });
});
