/** What the API server answers in place of an object, in full. */
import { isRecord, textAt } from "../protocol/paths.ts";

/** A refusal by the API server: reason, message and every cause. */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;

  constructor(code: number, body: string, request: string) {
    const status = parseStatus(body);
    const reason = textAt(status, "reason") ?? "";
    const message = textAt(status, "message") ?? (body.trim() || "no explanation given");
    const causes = causeLines(status).filter((line) => !message.includes(line));
    super(
      [
        `${message} (${[code, reason].filter(Boolean).join(" ")}, ${request})`,
        ...causes.map((line) => `  - ${line}`),
      ].join("\n"),
    );
    this.code = code;
    this.reason = reason;
  }
}

/** No answer at all: the address is wrong, the cluster is down or its certificate is not trusted. */
export class UnreachableError extends Error {}

export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.code === 404;
}

/** There is one of that name, made by somebody else. */
export function isAlreadyThere(error: unknown): boolean {
  return error instanceof ApiError && error.reason === "AlreadyExists";
}

function parseStatus(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return {};
  }
}

function causeLines(status: unknown): string[] {
  const causes = isRecord(status) && isRecord(status.details) ? status.details.causes : [];
  return (Array.isArray(causes) ? causes : []).map((cause) =>
    [textAt(cause, "field"), textAt(cause, "message") ?? textAt(cause, "reason")].filter(Boolean).join(": "),
  );
}
