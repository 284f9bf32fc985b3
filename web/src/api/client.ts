import { Problem, problemOf } from "./problem.ts";
import { accessToken } from "./token.ts";

const ROOT = "/api/v1";
/** Longer than any answer of a healthy server, shorter than a reader's patience. */
const TIMEOUT_MS = 15_000;

interface Options {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: object;
  signal?: AbortSignal;
}

const ahead = new Map<string, Promise<unknown>>();

/** Asks for what the page is about to ask for, while its code is still on the way. */
export function askAhead(path: string): void {
  const answer = request(path);
  // Whoever comes for the answer learns of the failure.
  answer.catch(() => undefined);
  ahead.set(path, answer);
}

/**
 * Asks the REST API and returns the answer's JSON, `undefined` where it has none.
 *
 * @throws {Problem} where the server cannot be reached or answers with an error
 * @throws {DOMException} `AbortError`, where `signal` ended the request
 */
export async function request(path: string, { method = "GET", body, signal }: Options = {}): Promise<unknown> {
  if (method === "GET") {
    const asked = ahead.get(path);
    ahead.delete(path);
    if (asked) return asked;
  }
  const response = await send(path, method, body, signal);
  const answer = await json(response);
  if (!response.ok) throw problemOf(response.status, answer);
  return answer;
}

async function send(path: string, method: string, body?: object, signal?: AbortSignal): Promise<Response> {
  const headers = new Headers({ Accept: "application/json" });
  if (body) headers.set("Content-Type", "application/json");
  if (accessToken()) headers.set("Authorization", `Bearer ${accessToken()}`);
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await fetch(ROOT + path, {
      method,
      headers,
      body: body ? JSON.stringify(body) : null,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem("unreachable", "the server does not answer");
  }
}

async function json(response: Response): Promise<unknown> {
  const empty = response.status === 204 || !response.headers.get("Content-Type")?.includes("json");
  if (empty) return undefined;
  try {
    return await response.json();
  } catch {
    throw new Problem("unreachable", "the server's answer broke off");
  }
}
