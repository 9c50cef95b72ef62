/**
 * The cluster's secrets, new ones at each start: a certificate authority of its own, two certificates and the tokens
 * of those who talk to the API server.
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { configDirectory } from "../box/box.ts";
import { addresses } from "../box/network.ts";
import { run } from "../command.ts";

/** Whoever presents the token is this user. */
interface Client {
  readonly token: string;
  readonly user: string;
  readonly groups: readonly string[];
}

export interface Secrets {
  /** The authority's certificate, PEM. */
  readonly authority: string;
  readonly clients: Readonly<Record<"admin" | "controllers" | "scheduler" | "k3s-w1" | "k3s-w2", Client>>;
}

/** Makes them, and writes what the API server reads into the control plane's directory of configuration. */
export async function makeSecrets(): Promise<Secrets> {
  const directory = configDirectory("control");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  await makeAuthority(directory);
  await Promise.all([
    makeCertificate(directory, "apiserver", "/CN=kube-apiserver", [
      "extendedKeyUsage=serverAuth",
      `subjectAltName=IP:${addresses.control},IP:10.96.0.1,IP:127.0.0.1,DNS:kubernetes.default.svc`,
    ]),
    makeCertificate(directory, "kubelet-client", "/O=system:masters/CN=kube-apiserver", [
      "extendedKeyUsage=clientAuth",
    ]),
  ]);
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(join(directory, "accounts.pub"), publicKey.export({ type: "spki", format: "pem" }));
  writeFileSync(join(directory, "accounts.key"), privateKey.export({ type: "pkcs1", format: "pem" }), { mode: 0o600 });

  const masters = ["system:masters"];
  const secrets: Secrets = {
    authority: readFileSync(join(directory, "ca.crt"), "utf8"),
    clients: {
      admin: client("admin", masters),
      controllers: client("system:kube-controller-manager", masters),
      scheduler: client("system:kube-scheduler", masters),
      "k3s-w1": client("system:node:k3s-w1", ["system:nodes"]),
      "k3s-w2": client("system:node:k3s-w2", ["system:nodes"]),
    },
  };
  const lines = Object.values(secrets.clients).map(
    ({ token, user, groups }) => `${token},${user},${user},"${groups}"\n`,
  );
  writeFileSync(join(directory, "tokens.csv"), lines.join(""), { mode: 0o600 });
  return secrets;
}

/** A kubeconfig as JSON, which is YAML and needs no library to write. */
export function renderKubeconfig(
  { authority, clients }: Secrets,
  who: keyof Secrets["clients"],
  context: string,
): string {
  const server = `https://${addresses.control}:6443`;
  return `${JSON.stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        { name: context, cluster: { server, "certificate-authority-data": Buffer.from(authority).toString("base64") } },
      ],
      users: [{ name: who, user: { token: clients[who].token } }],
      contexts: [{ name: context, context: { cluster: context, user: who } }],
      "current-context": context,
    },
    null,
    2,
  )}\n`;
}

function client(user: string, groups: readonly string[]): Client {
  return { token: randomBytes(24).toString("hex"), user, groups };
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

async function makeAuthority(directory: string): Promise<void> {
  const files = ["-keyout", join(directory, "ca.key"), "-out", join(directory, "ca.crt")];
  await run("openssl", ["req", "-x509", ...newKey, ...files, "-days", "3650", "-subj", "/CN=fuse-test-sandbox"]);
}

async function makeCertificate(directory: string, name: string, subject: string, extensions: string[]): Promise<void> {
  const file = (end: string) => join(directory, `${name}.${end}`);
  await run("openssl", ["req", "-new", ...newKey, "-keyout", file("key"), "-out", file("csr"), "-subj", subject]);
  writeFileSync(file("ext"), `${extensions.join("\n")}\n`);
  // A serial number each: a file of serial numbers would be shared by two that are made at the same time.
  const serial = ["-set_serial", `0x${randomBytes(8).toString("hex")}`];
  const authority = ["-CA", join(directory, "ca.crt"), "-CAkey", join(directory, "ca.key"), ...serial];
  await run(
    "openssl",
    ["x509", "-req", "-in", file("csr"), "-out", file("crt"), "-extfile", file("ext"), ...authority].concat([
      "-days",
      "3650",
    ]),
  );
}
