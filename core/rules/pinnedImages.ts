import { imageFault } from "../settings/validators.ts";
import type { Rule } from "./rule.ts";

export const pinnedImages: Rule = {
  id: "pinned-images",
  severity: "medium",
  title: "Every image is one build, named by a digest or a version.",
  remedy: "name a version other than latest, or a digest",
  check(look) {
    for (const { containers } of look.pods())
      for (const { at } of containers) {
        const image = at.get("image");
        if (image.unknown) continue;
        const fault = imageFault(image.text ?? "");
        if (fault) look.fault(image, `names no single build (${fault})`);
      }
  },
};
