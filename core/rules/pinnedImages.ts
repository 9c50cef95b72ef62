import { IMAGE, imageFault, MOVING_TAG } from "../settings/validators.ts";
import { celLiteral, lines } from "./cel.ts";
import { inContainers, type Rule } from "./rule.ts";

const matches = (pattern: RegExp): string => `c.image.matches(${celLiteral(pattern.source)})`;

export const pinnedImages: Rule = {
  id: "pinned-images",
  severity: "medium",
  title: "Every image is one build, named by a digest or a version.",
  remedy: "name a version other than latest, or a digest",
  restrictions: [
    {
      fields: [inContainers("image")],
      allowed: `a reference with a digest (\`@sha256:...\`), or with a tag other than \`${MOVING_TAG}\``,
    },
  ],
  check(review) {
    for (const { containers } of review.pods())
      for (const { fields } of containers) {
        const image = fields.get("image");
        if (image.unknown) continue;
        const fault = imageFault(image.text ?? "");
        if (fault) review.report(image, `names no single build (${fault})`);
      }
  },
  cel: {
    pods: () => [
      lines(
        `variables.containers.all(c, ${matches(IMAGE.reference)} && (`,
        `  ${matches(IMAGE.digest)} || (!c.image.contains('@')`,
        `    && ${matches(IMAGE.tag)} && !c.image.endsWith(':${MOVING_TAG}'))))`,
      ),
    ],
  },
};
