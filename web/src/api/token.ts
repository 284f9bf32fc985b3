const KEY = "collab.token";
const LINK = "cl_";

let current = read();

/**
 * Takes the access token out of `#token=…` and keeps it for this tab. The address bar is cleaned at once, so that the token reaches neither
 * the history nor a copied link. Returns whether there was one.
 */
export function takeTokenFromAddress(): boolean {
  const parameters = new URLSearchParams(window.location.hash.slice(1));
  const token = parameters.get("token");
  if (token === null) return false;
  parameters.delete("token");
  const rest = parameters.toString();
  const { pathname, search } = window.location;
  window.history.replaceState(window.history.state, "", pathname + search + (rest && `#${rest}`));
  keepToken(token);
  return true;
}

/** Shows this token from now on, in this tab. */
export function keepToken(token: string): void {
  current = token;
  try {
    window.sessionStorage.setItem(KEY, token);
  } catch {
    // Without storage the token lasts as long as this page.
  }
}

/** Whether this is the secret of a share link. */
export function isLink(token: string): boolean {
  return token.startsWith(LINK);
}

/** The share link by which this tab is in; empty where it is in by other means. */
export function linkKept(): string {
  return isLink(current) ? current : "";
}

export function accessToken(): string {
  return current;
}

function read(): string {
  try {
    return window.sessionStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}
