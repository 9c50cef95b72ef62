/** Prints the RBAC objects that let a user do one job of this project, and nothing else, for `kubectl apply -f -`. */
import { Argument, Command, Option } from "commander";
import { stringify } from "yaml";
import { JOBS, type Job, rights, type Subject } from "../core/rights.ts";
import { readSettings, type SettingsOptions, settingsOptions } from "./options.ts";
import { EXIT, main, UserError } from "./problem.ts";

interface Options extends SettingsOptions {
  readonly user?: string;
  readonly group?: string;
  readonly serviceAccount?: string;
}

const program = new Command("rights")
  .exitOverride()
  .description("print the least rights a user of the cluster needs, as Roles and their bindings")
  .addArgument(
    new Argument("[job]", "start: make the test, read its verdict, take it down, sweep; collect: only read the verdict")
      .choices(JOBS)
      .default("start"),
  )
  .addOption(new Option("--user <name>", "the user who gets them").conflicts(["group", "serviceAccount"]))
  .addOption(new Option("--group <name>", "the group that gets them").conflicts("serviceAccount"))
  .addOption(new Option("--service-account <namespace:name>", "the service account that gets them"))
  .addHelpText(
    "after",
    `
Whoever may make privileged pods, as \`start\` must, is root on every node: give it to nobody who may not be that. The namespace is made
and removed by each run, and a RoleBinding would go with it: so the rights to pods hold in all namespaces. \`export\` and \`check\` need
no rights; with Flux its own controller makes the objects, and you need those of \`collect\`.`,
  );
for (const option of settingsOptions()) program.addOption(option);

await main(async () => {
  program.parse();
  const [job = "start"] = program.processedArgs as [Job?];
  const options = program.opts<Options>();
  const objects = rights(readSettings(options), job, subjectOf(options));
  process.stdout.write(objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join("---\n"));
  return EXIT.success;
});

function subjectOf({ user, group, serviceAccount }: Options): Subject {
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
