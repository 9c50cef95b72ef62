/** What a verdict prints of a recipe: how its volumes and probes lie, a line a part, taken from the objects that `recipe` writes. */
import { stringify } from "yaml";
import { daemonDeployment } from "./daemon.ts";
import { readerParts } from "./reader.ts";
import { parseRecipe, pointOf } from "./settings.ts";

/** @param grade with any but A, and where it is not known, a reader is restarted soon after it has lost the mount */
export function fragment(grade: string | undefined): string {
  const recipe = parseRecipe({ nodes: ["node"], grade: grade === "A" ? grade : "B" });
  const point = pointOf(recipe);
  const { strategy, template } = daemonDeployment(recipe).spec;
  const [serving] = template.spec.containers;
  const { volume, volumeMount, livenessProbe } = readerParts(recipe);
  return [
    "# a part of what `npm run recipe` writes, which was tested as it is written: npm run recipe -- --help",
    `# in the daemon's pod, which mounts at ${point}; an init container first takes it away where it is dead: umount -l ${point}`,
    `strategy: ${flow(strategy)}`,
    `securityContext: ${flow(serving?.securityContext)}`,
    `volumeMounts:\n  - ${flow(serving?.volumeMounts[0])}`,
    `volumes:\n  - ${flow(template.spec.volumes[0])}`,
    "# in each reader's pod; an init container first waits until that is FUSE, and answers; readOnly keeps writes out of the bare directory,",
    "# and does not reach the mount: to be read-only, it is mounted so by the daemon",
    `volumeMounts:\n  - ${flow(volumeMount)}`,
    `livenessProbe: ${flow(livenessProbe)}`,
    `volumes: # Directory: a reader does not start where the daemon has never run\n  - ${flow(volume)}`,
  ].join("\n");
}

/** On one line. */
const flow = (value: object | undefined): string => stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trim();
