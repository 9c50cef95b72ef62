import assert from "node:assert/strict";
import { parseRecipe, type RecipeInput } from "../../../core/recipe/settings.ts";
import { SettingsError } from "../../../core/settings/settings.ts";

const nodes = ["k3s-w2"];

function faults(input: object): readonly { readonly key: string; readonly value: string; readonly remedy: string }[] {
  try {
    parseRecipe(input);
    return [];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.faults;
  }
}

describe("a recipe's settings", () => {
  it("take nodes alone, and the rest by default", () => {
    const { path, mount, source, grade, driver } = parseRecipe({ nodes });
    assert.deepEqual([path, mount, source, grade, driver], ["/mnt/media", "remote", "/data", "B", "rclone"]);
  });

  const refused: readonly [what: string, input: RecipeInput | object, key: string, remedy: RegExp][] = [
    ["no node", { nodes: [] }, "nodes", /name a node that was tested/],
    ["two nodes and one daemon", { nodes: ["a", "b"] }, "nodes", /--node, or have it move .* --failover/],
    ["a failover to nowhere", { nodes, failover: true }, "nodes", /second node/],
    ["a driver command without its command", { nodes, driver: "command" }, "command", /give the shell command/],
    ["a command of another driver", { nodes, command: "x" }, "command", /set driver to command/],
    [
      "a mount path of the system",
      { nodes, path: "/var/lib/kubelet/x" },
      "path",
      /outside \/var\/lib\/kubelet.*\/mnt\/media/,
    ],
    ["the root", { nodes, path: "/" }, "path", /\/mnt\/media|below/],
    ["a directory that a boot empties", { nodes, path: "/tmp/media" }, "path", /a boot does not empty/],
    ["a path that leads elsewhere", { nodes, path: "/mnt/../etc" }, "path", /without \. and \.\./],
    ["a mount point of two levels", { nodes, mount: "a/b" }, "mount", /one name/],
    ["a remote without its configuration", { nodes, source: "zurg:" }, "secret", /rclone\.conf has the remote zurg:/],
    ["a source with a quote", { nodes, source: 'a"b' }, "source", /without quotes/],
    ["an image that moves", { nodes, image: "rclone/rclone:latest" }, "image", /name a version/],
    ["an unknown key", { nodes, naem: "a" }, "naem", /did you mean name/],
    [
      "a reader twice",
      {
        nodes,
        readers: [
          { name: "a", containers: ["a"] },
          { name: "a", containers: ["b"] },
        ],
      },
      "readers",
      /once/,
    ],
    [
      "a reader without a container",
      { nodes, readers: [{ name: "a", containers: [] }] },
      "readers[0].containers",
      /container/,
    ],
    ["a port that is none", { nodes, ports: [0] }, "ports[0]", /1/],
  ];
  for (const [what, input, key, remedy] of refused)
    it(`are refused with ${what}`, () => {
      const found = faults(input).find((one) => one.key === key);
      assert.ok(found, JSON.stringify(faults(input)));
      assert.match(found.remedy, remedy);
    });

  it("take a remote that says all of itself, and a path, without a configuration", () => {
    for (const source of [":webdav,url=http://zurg:9999/dav:", "/data/films", "relative/path"])
      assert.equal(parseRecipe({ nodes, source }).source, source);
  });

  it("show no command that is refused, since there may be a key in it", () => {
    const [fault] = faults({ nodes, driver: "command", command: `secret\0${"x"}` });
    assert.doesNotMatch(JSON.stringify(fault), /secret/);
  });
});
