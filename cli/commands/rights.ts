/** Prints the RBAC objects that let a user do one job of this project, and nothing else, for `kubectl apply -f -`. */
import { Argument, Option } from "commander";
import { stringify } from "yaml";
import { UserError } from "../../base/problem.ts";
import { JOBS, type Job, type RbacSubject, rights } from "../../core/rights/rights.ts";
import { command, optionsIn } from "../command.ts";
import { readSettings, type SettingsOptions, settingsOptions } from "../options.ts";
import { EXIT } from "../run.ts";

interface Options extends SettingsOptions {
  readonly user?: string;
  readonly group?: string;
  readonly serviceAccount?: string;
}

export const rightsCommand = () =>
  command("rights", [
    new Option("--user <name>", "the user who gets them").conflicts(["group", "serviceAccount"]),
    new Option("--group <name>", "the group that gets them").conflicts("serviceAccount"),
    new Option("--service-account <namespace:name>", "the service account that gets them"),
    ...settingsOptions(),
  ])
    .addArgument(
      new Argument(
        "[job]",
        "start: make the test, read its verdict, take it down, sweep; collect: only read the verdict",
      )
        .choices(JOBS)
        .default("start"),
    )
    .addHelpText(
      "after",
      `
Whoever may make privileged pods, as \`start\` must, is root on every node: give it to nobody who may not be that. The namespace is made
and removed by each run, and a RoleBinding would go with it: so the rights to pods hold in all namespaces. \`export\` and \`check\` need
no rights; with Flux its own controller makes the objects, and you need those of \`collect\`.`,
    );

export async function runRights(args: readonly string[]): Promise<number> {
  const program = rightsCommand();
  const options = optionsIn<Options>(program, args);
  const [job = "start"] = program.processedArgs as [Job?];
  const objects = rights(readSettings(options), job, subjectOf(options));
  process.stdout.write(objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join("---\n"));
  return EXIT.success;
}

function subjectOf({ user, group, serviceAccount }: Options): RbacSubject {
  if (user) return { kind: "User", name: user };
  if (group) return { kind: "Group", name: group };
  const [namespace, name] = serviceAccount?.split(":") ?? [];
  if (namespace && name) return { kind: "ServiceAccount", namespace, name };
  if (serviceAccount)
    throw new UserError(`--service-account ${serviceAccount} has no namespace or no name`, {
      remedy: "write it as namespace:name",
    });
  throw new UserError("nobody is named who gets the rights", {
    remedy: "add --user NAME, --group NAME or --service-account NAMESPACE:NAME",
  });
}
