/**
 * Stands in for Flux's source-controller: turns the last commit of a Git repository into an artifact, serves it on loopback,
 * and announces it in the status of the GitRepository.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { run } from "../command.ts";
import type { Kubectl } from "./kubectl.ts";

interface Publisher {
  /** Publishes what HEAD holds. Returns the artifact's revision. */
  publish(repository: string): Promise<string>;
  close(): void;
}

/** @param source name of the GitRepository object in flux-system */
export async function openPublisher(kubectl: Kubectl, source: string): Promise<Publisher> {
  const artifacts = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const artifact = artifacts.get(request.url ?? "");
    response.writeHead(artifact ? 200 : 404).end(artifact);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    close: () => void server.close(),
    async publish(repository) {
      const commit = (await run("git", ["-C", repository, "rev-parse", "HEAD"])).trim();
      const artifact = await archive(repository);
      const path = `/${source}/${commit}.tar.gz`;
      artifacts.set(path, artifact);
      const revision = `main@sha1:${commit}`;
      await kubectl.patchStatus("gitrepository", source, {
        conditions: [condition(`stored artifact for revision '${revision}'`)],
        artifact: {
          path: path.slice(1),
          url: `http://127.0.0.1:${port}${path}`,
          revision,
          digest: `sha256:${createHash("sha256").update(artifact).digest("hex")}`,
          size: artifact.length,
          lastUpdateTime: now(),
        },
      });
      return revision;
    },
  };
}

/** Bytes, which sandbox/command.ts would read as text. */
async function archive(repository: string): Promise<Buffer> {
  const { stdout } = await promisify(execFile)("git", ["-C", repository, "archive", "--format=tar.gz", "HEAD"], {
    encoding: "buffer",
    maxBuffer: 2 ** 26,
  });
  return stdout;
}

const condition = (message: string) => ({
  type: "Ready",
  status: "True",
  reason: "Succeeded",
  message,
  observedGeneration: 1,
  lastTransitionTime: now(),
});

/** The API takes whole seconds. */
const now = (): string => new Date().toISOString().replace(/\.\d+Z$/, "Z");
