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

/** Whether what this tab shows is a share link's. */
export function showsLink(): boolean {
  return current.startsWith(LINK);
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
