/** What is on the node before anything of this run. */
import { type FileSystem, HOST } from "./mounts.ts";
import { volumeOf } from "./pods.ts";
import { plainFs, RUN, type World } from "./world.ts";

export function prepareNode(world: World): void {
  const { plan, variation, tables, hostFs } = world;
  const { directory } = volumeOf(world, "producer");
  const point = variation.leaf ? directory : `${directory}/fuse`;
  const mount = (over: Partial<FileSystem>, at: string) =>
    tables.mount(HOST, at, {
      ...plainFs("fuse.rclone", "/tmp/source", tables.freeDevice()),
      options: "rw,allow_other",
      ...over,
    });
  if (plan.node === "bridge-on-fuse") mount({ type: "fuse.mergerfs", source: "a:b" }, directory);
  const nonce = "0ddba11d-0000-4000-8000-000000000000";
  const run = plan.seed % 2 ? RUN : "r0";
  if (plan.node === "plain-marker") hostFs.files.set(`${point}/marker`, `run=${run} nonce=${nonce}`);
  if (plan.node === "left-alive" || plan.node === "left-stuck")
    mount({ files: new Map([["/marker", `run=r0 nonce=${nonce}`]]) }, point);
  if (plan.node === "in-use") mount({ source: "media:" }, point);
  if (plan.node === "left-dead") mount({ daemon: "dead" }, point);
}
