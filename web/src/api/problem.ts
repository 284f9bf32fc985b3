/** What went wrong with a request, in the terms a screen needs to say what to do about it. */
export type ProblemKind =
  | "unreachable"
  | "unauthenticated"
  | "forbidden"
  | "not-found"
  | "deleted"
  | "exists"
  | "unavailable"
  | "other";

const KIND_BY_STATUS: Readonly<Record<number, ProblemKind>> = {
  401: "unauthenticated",
  403: "forbidden",
  404: "not-found",
  409: "exists",
  410: "deleted",
  502: "unavailable",
  503: "unavailable",
  504: "unavailable",
};

/** A request that did not succeed; `message` is the server's own detail where it gave one. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly kind: ProblemKind;

  constructor(kind: ProblemKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Reads an RFC 9457 body, or makes do with the status of an answer that carries none. */
export function problemOf(status: number, body: unknown): Problem {
  const kind = KIND_BY_STATUS[status] ?? "other";
  return new Problem(kind, textField(body, "detail") ?? textField(body, "title") ?? `the server answered ${status}`);
}

function textField(body: unknown, field: string): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const value = (body as Record<string, unknown>)[field];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Why an action failed, in a reader's words: the server's detail on a missing right is for whoever wrote the application. */
export function reasonFor(error: unknown, forbidden = "your access does not allow this"): string {
  const problem = asProblem(error);
  return problem.kind === "forbidden" ? forbidden : problem.message;
}

/** For a `catch`, where anything may arrive. */
export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem("other", String(error));
}
