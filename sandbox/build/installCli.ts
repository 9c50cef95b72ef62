/** A process of its own for the SDK's installer of the CLI, which knows no deadline: it is ended together with all it starts. */
import { PulumiCommand } from "@pulumi/pulumi/automation/index.js";

const [root = ""] = process.argv.slice(2);
await PulumiCommand.install({ root });
