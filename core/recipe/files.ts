/** A recipe as the files of a directory of a GitOps checkout. */
import { render } from "../gitops/render.ts";
import { sealed } from "../gitops/seal.ts";
import { RECIPE_COMMENTS } from "./comments.ts";
import { daemonDeployment, disruptionBudget, networkPolicy, recipeNamespace } from "./daemon.ts";
import { readerPatch } from "./reader.ts";
import { pointOf, type Recipe, type RecipeReader } from "./settings.ts";

const KUSTOMIZE = "kustomize.config.k8s.io";

/** Files by their path in the checkout. @param directory where the recipe stands in it */
export function recipeFiles(recipe: Recipe, directory: string): ReadonlyMap<string, string> {
  const point = pointOf(recipe);
  const parts: [name: string, about: string, object: object][] = [
    ...(recipe.createNamespace
      ? [["namespace.yaml", "Lets in what a FUSE mount needs.", recipeNamespace(recipe)] as [string, string, object]]
      : []),
    ["network-policy.yaml", "Who may reach the daemon.", networkPolicy(recipe)],
    ...(recipe.disruptionBudget
      ? [
          [
            "disruption-budget.yaml",
            "No drain takes the mount from its readers unasked.",
            disruptionBudget(recipe),
          ] as [string, string, object],
        ]
      : []),
    [
      "daemon.yaml",
      `Mounts ${point}; its readers are patched by the components in readers/.`,
      daemonDeployment(recipe),
    ],
  ];
  const files: [string, string][] = [
    ...parts.map(([name, about, object]): [string, string] => [name, render([about], [object], RECIPE_COMMENTS)]),
    ...recipe.readers.flatMap((reader): [string, string][] => {
      const at = readerDirectory(reader);
      return [
        [
          `${at}/patch.yaml`,
          render([`What ${reader.name} needs to read ${point}.`], [readerPatch(recipe, reader)], RECIPE_COMMENTS),
        ],
        [`${at}/kustomization.yaml`, component(reader)],
      ];
    }),
    [
      "kustomization.yaml",
      render(
        [`The FUSE mount ${point}. It builds for Flux, Argo CD and \`kubectl apply -k\` alike.`],
        [{ apiVersion: `${KUSTOMIZE}/v1beta1`, kind: "Kustomization", resources: parts.map(([name]) => name) }],
      ),
    ],
  ];
  return new Map(files.map(([name, body]) => [`${directory}/${name}`, sealed(body)]));
}

/** Where the patch of a reader stands, below the recipe. */
export const readerDirectory = ({ kind, name }: RecipeReader): string =>
  `readers/${kind === "Deployment" ? name : `${name}.${kind.toLowerCase()}`}`;

const component = ({ kind, name }: RecipeReader): string =>
  render(
    [`For the kustomization of ${name}, below \`components:\`.`],
    [
      {
        apiVersion: `${KUSTOMIZE}/v1alpha1`,
        kind: "Component",
        patches: [{ path: "patch.yaml", target: { kind, name } }],
      },
    ],
  );
