/** As much of an API server as `diagnose` reads: lists, logs, a node, and exec over a WebSocket (RFC 6455), one server's frames. */
import { createHash } from "node:crypto";
import http from "node:http";
import type { Duplex } from "node:stream";
import type { KubeConfig } from "@kubernetes/client-node";
import { listening } from "../api.ts";

/** What a command is answered with; `silent` never ends, `flood` never stops, `deaf` does not even take the connection. */
export type Reply = string | { readonly refused: string } | "silent" | "flood" | "deaf" | 403;

export interface ExecApi {
  readonly config: KubeConfig;
  /** `METHOD /path`, and of an exec its command, in the order they came. */
  readonly requests: string[];
  /** Connections of execs that are open. */
  open(): number;
  /** Bytes that were sent to answer a flood. */
  flooded(): number;
  close(): void;
}

/**
 * @param answers objects and texts by path
 * @param reply what a command in a container says
 */
export async function execApi(
  answers: Readonly<Record<string, object | string>>,
  reply: (pod: string, container: string, command: readonly string[]) => Reply,
): Promise<ExecApi> {
  const requests: string[] = [];
  const open = new Set<Duplex>();
  let flooded = 0;
  const server = http.createServer(({ method, url = "" }, response) => {
    const path = url.split("?")[0] ?? "";
    requests.push(`${method} ${path}`);
    const answer = answers[path];
    if (answer === undefined) response.writeHead(404).end(JSON.stringify({ kind: "Status", code: 404 }));
    else if (typeof answer === "object")
      response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
    else response.end(answer);
  });
  server.on("upgrade", ({ url = "", headers }, socket: Duplex) => {
    open.add(socket);
    socket
      .on("error", () => undefined)
      .on("close", () => open.delete(socket))
      .on("end", () => socket.end())
      .resume();
    const { pathname, searchParams } = new URL(url, "http://fake");
    const command = searchParams.getAll("command");
    requests.push(`EXEC ${pathname} ${command[0]}`);
    const pod = pathname.split("/").at(-2) ?? "";
    const said = reply(pod, searchParams.get("container") ?? "", command);
    if (said === "deaf") return;
    if (said === 403) return socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
    const key = `${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(key).digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\nsec-websocket-protocol: v4.channel.k8s.io\r\n\r\n`,
    );
    if (said === "silent") return;
    if (said === "flood") {
      const piece = frame(1, "x".repeat(PIECE));
      const more = () => {
        while (!socket.destroyed && socket.write(piece)) flooded += piece.length;
        flooded += piece.length;
      };
      socket.on("drain", more);
      return more();
    }
    if (typeof said === "string")
      for (let at = 0; at < said.length && !socket.destroyed; at += PIECE)
        socket.write(frame(1, said.slice(at, at + PIECE)));
    const status = typeof said === "string" ? { status: "Success" } : { status: "Failure", message: said.refused };
    socket.write(frame(3, JSON.stringify(status)));
  });
  return {
    config: await listening(server),
    requests,
    open: () => open.size,
    flooded: () => flooded,
    close: () => {
      for (const socket of open) socket.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
}

/** No client takes a frame of any length. */
const PIECE = 1 << 20;

/** One binary frame of a server: a channel of the exec, and what is said on it. */
function frame(channel: number, text: string): Buffer {
  const payload = Buffer.concat([Buffer.from([channel]), Buffer.from(text)]);
  const head = Buffer.alloc(10);
  head[0] = 0x82;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, payload]);
}
