/** What a verdict prints of a recipe: how its volumes and probes lie, taken from the objects that `recipe` writes. */
import { documentOf } from "../gitops/render.ts";
import { COMMENTS } from "./comments.ts";
import { daemon } from "./daemon.ts";
import { readerParts } from "./reader.ts";
import { parseRecipe, pointOf } from "./settings.ts";

/** @param grade with any but A, and where it is not known, a reader is restarted soon after it has lost the mount */
export function fragment(grade: string | undefined): string {
  const recipe = parseRecipe({ nodes: ["node"], grade: grade === "A" ? grade : "B" });
  const { strategy, template } = daemon(recipe).spec;
  const [clear] = template.spec.initContainers;
  const [serve] = template.spec.containers;
  const { gate: _, volume, volumeMount, livenessProbe } = readerParts(recipe);
  const producer = {
    strategy,
    template: {
      spec: {
        initContainers: [{ name: clear?.name, volumeMounts: clear?.volumeMounts }],
        containers: [
          { name: serve?.name, securityContext: serve?.securityContext, volumeMounts: serve?.volumeMounts.slice(0, 1) },
        ],
        volumes: template.spec.volumes.slice(0, 1),
      },
    },
  };
  const reader = {
    template: { spec: { containers: [{ volumeMounts: [volumeMount], livenessProbe }], volumes: [volume] } },
  };
  return [
    "# npm run recipe -- --help: it writes all of this, with the scripts of the init containers, and it was tested as it is written",
    `# in the daemon's Deployment, which mounts at ${pointOf(recipe)}; before each start: umount -l ${pointOf(recipe)}, where that is dead`,
    partOf(producer),
    `# in each reader's pod; an init container waits until ${pointOf(recipe)} is FUSE, and answers`,
    partOf(reader),
  ].join("\n");
}

/** A spec with its comments, and without the key above it. */
const partOf = (spec: object): string =>
  documentOf({ spec }, COMMENTS)
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.slice(2))
    .join("\n");
