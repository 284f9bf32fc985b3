export type Route =
  | { page: "documents" }
  | { page: "document"; name: string }
  | { page: "account" }
  | { page: "join" }
  | { page: "reset" }
  | { page: "share" }
  | { page: "admin" }
  | { page: "workspaces" }
  | { page: "unknown" };

const DOCUMENT_PREFIX = "/d/";
const MAX_NAME_LENGTH = 255;

/** Reads a path. A document's name is the whole rest of it, percent-decoded. */
export function routeOf(pathname: string): Route {
  if (pathname === "/") return { page: "documents" };
  if (pathname === "/account") return { page: "account" };
  if (pathname === "/join") return { page: "join" };
  if (pathname === "/reset") return { page: "reset" };
  if (pathname === "/share") return { page: "share" };
  if (pathname === "/admin") return { page: "admin" };
  if (pathname === "/workspaces") return { page: "workspaces" };
  if (!pathname.startsWith(DOCUMENT_PREFIX)) return { page: "unknown" };
  const name = decoded(pathname.slice(DOCUMENT_PREFIX.length));
  return name !== undefined && isDocumentName(name) ? { page: "document", name } : { page: "unknown" };
}

/** The path that opens a document. A slash stays readable, except where the browser would take a part for `.` or `..`. */
export function documentPath(name: string): string {
  const parts = name.split("/");
  const readable = parts.every((part) => part !== "." && part !== "..");
  return DOCUMENT_PREFIX + (readable ? parts.map(encodeURIComponent).join("/") : encodeURIComponent(name));
}

/** 1 to 255 characters, counted as the server does by code points, and no control character among them. */
export function isDocumentName(name: string): boolean {
  const length = [...name].length;
  return length >= 1 && length <= MAX_NAME_LENGTH && !/\p{Cc}/u.test(name);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
