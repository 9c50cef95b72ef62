import type {
  PolicyResource,
  ReportViolation,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from "@pulumi/policy";
import { type Resource, type Rule, violationsOf } from "../core/rules/index.ts";
import { configSchema, confinementOf } from "./config.ts";
import type { PackConfig } from "./defaults.ts";
import { propertiesOf } from "./properties.ts";
import { touches } from "./scope.ts";

/**
 * A rule as a policy. Each resource is judged before it is created, by its inputs: so nothing is made, also where the
 * preview was skipped. Only what takes the whole stack to see is judged at its end.
 */
export function policyOf(rule: Rule): ResourceValidationPolicy & StackValidationPolicy {
  return {
    name: rule.id,
    displayName: rule.id,
    description: rule.title,
    enforcementLevel: "mandatory",
    severity: rule.severity,
    remediationSteps: rule.remedy,
    configSchema,
    validateResource: (args, report) => judgeResource(rule, args, report),
    validateStack: (args, report) => {
      for (const resource of args.resources) {
        const about = { ...describe(resource), children: childrenOf(resource, args.resources) };
        if (about.component && about.children === 0)
          judgeComponent(rule, about, resource.urn, args.getConfig(), report);
      }
    },
  };
}

function judgeResource(rule: Rule, args: ResourceValidationArgs, report: ReportViolation): void {
  const { allowed, scope } = confinementOf(args.getConfig<Partial<PackConfig>>());
  const resource = describe(args);
  const props = propertiesOf(args.props);
  if (scope === "namespace" && !touches(props, resource, allowed, args)) return;
  for (const { message } of violationsOf(props, allowed, [rule], resource)) report(message, args.urn);
}

/** Its properties are outputs by now; whether it hides its children is all that is asked. */
function judgeComponent(
  rule: Rule,
  resource: Resource,
  urn: string,
  config: Partial<PackConfig>,
  report: ReportViolation,
): void {
  const { allowed, scope } = confinementOf(config);
  if (scope === "namespace") return;
  for (const { message } of violationsOf({}, allowed, [rule], resource)) report(message, urn);
}

function describe({ type, name, urn, opts, provider }: ResourceValidationArgs | PolicyResource): Resource {
  return { type, name: name || urn, component: isComponent(type, provider), protect: opts.protect };
}

/** A custom resource has a provider; the engine's own types have none, and are no components. */
const isComponent = (type: string, provider: unknown): boolean =>
  provider === undefined && !/^(pulumi|kubernetes|command):/.test(type);

const childrenOf = ({ urn }: PolicyResource, all: readonly PolicyResource[]): number =>
  all.filter((one) => one.parent?.urn === urn || one.opts.parent === urn).length;
