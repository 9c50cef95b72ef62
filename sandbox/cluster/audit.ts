/** The API server's audit log of the users that a test names, one JSON event a line: what they really asked, from the server's side. */

/** Service accounts of this namespace are audited, nobody else: the log is in the box's memory. */
export const auditedNamespace = "audited";

/** Path within the control plane's box. */
export const auditLog = "/var/log/audit.log";

export const auditPolicy = JSON.stringify({
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived", "ResponseStarted"],
  rules: [{ level: "Metadata", userGroups: [`system:serviceaccounts:${auditedNamespace}`] }, { level: "None" }],
});
