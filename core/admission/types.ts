/** ValidatingAdmissionPolicy and its binding, as far as this project fills them. */

export interface Validation {
  readonly expression: string;
  readonly message: string;
  readonly reason: "Forbidden";
}

export interface PolicyVariable {
  readonly name: string;
  readonly expression: string;
}

/** Which requests a policy is asked of. */
export interface ResourceRule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly operations: readonly string[];
  readonly resources: readonly string[];
  /** A namespace selector does not keep an object that lies in no namespace out of a policy: this does. */
  readonly scope: "Namespaced";
}

export interface PolicyMetadata {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface AdmissionPolicy {
  readonly apiVersion: "admissionregistration.k8s.io/v1";
  readonly kind: "ValidatingAdmissionPolicy";
  readonly metadata: PolicyMetadata;
  readonly spec: {
    readonly failurePolicy: "Fail";
    readonly matchConstraints: { readonly resourceRules: readonly ResourceRule[] };
    readonly variables?: readonly PolicyVariable[];
    readonly validations: readonly Validation[];
  };
}

export interface AdmissionBinding {
  readonly apiVersion: "admissionregistration.k8s.io/v1";
  readonly kind: "ValidatingAdmissionPolicyBinding";
  readonly metadata: PolicyMetadata;
  readonly spec: {
    readonly policyName: string;
    readonly validationActions: readonly ["Deny"];
    readonly matchResources: {
      readonly namespaceSelector: { readonly matchLabels: Readonly<Record<string, string>> };
    };
  };
}
