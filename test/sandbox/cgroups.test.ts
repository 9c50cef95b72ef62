import assert from "node:assert/strict";
import { parseMounts } from "../../base/mounts.ts";
import { layoutOf } from "../../sandbox/box/cgroups.ts";
import { SandboxError } from "../../sandbox/problem.ts";

const layout = (mountinfo: string) => layoutOf(parseMounts(mountinfo));
const line = (path: string, type: string, options: string) =>
  `32 31 0:29 / ${path} rw,relatime - ${type} ${type} ${options}`;

describe("control group layout, from mountinfo", () => {
  it("is v1 when only hierarchies are mounted", () => {
    const text = [
      line("/sys/fs/cgroup/memory", "cgroup", "rw,memory"),
      line("/sys/fs/cgroup/cpu,cpuacct", "cgroup", "rw,cpu"),
    ];
    assert.deepEqual(layout(text.join("\n")), {
      kind: "v1",
      trees: ["/sys/fs/cgroup/memory", "/sys/fs/cgroup/cpu,cpuacct"],
    });
  });

  it("is hybrid when a v2 tree stands beside them, and that tree is cleaned up too", () => {
    const text = [
      line("/sys/fs/cgroup/memory", "cgroup", "rw,memory"),
      line("/sys/fs/cgroup/unified", "cgroup2", "rw"),
    ];
    assert.deepEqual(layout(text.join("\n")), {
      kind: "hybrid",
      trees: ["/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified"],
    });
  });

  it("is v2 when there is one tree", () => {
    assert.deepEqual(layout(line("/sys/fs/cgroup", "cgroup2", "rw,nsdelegate")), {
      kind: "v2",
      trees: ["/sys/fs/cgroup"],
    });
  });

  it("does not take other file systems, optional fields or a second mount of a tree for hierarchies", () => {
    const text = [
      "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:9 - tmpfs cgroup rw",
      "32 31 0:29 / /sys/fs/cgroup/pids rw shared:10 master:2 - cgroup cgroup rw,pids",
      "33 31 0:29 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids",
    ];
    assert.deepEqual(layout(text.join("\n")), { kind: "v1", trees: ["/sys/fs/cgroup/pids"] });
  });

  it("says what to do when there are none", () => {
    assert.throws(() => layout("22 27 0:21 / /proc rw - proc proc rw"), SandboxError);
  });
});
