import { TabMemory } from "./tabMemory.ts";

/** Given by a host application. */
const token = new TabMemory("collab.token");
/** Given by a share link that let this tab in; it goes before the token, which is there again once the link is left. */
const pass = new TabMemory("collab.link");
/** A share link that was followed and has not let this tab in yet: a password or a sign-in may be missing. It opens no door meanwhile. */
const followed = new TabMemory("collab.followed");
/** An invitation, or the leave to set another password. */
const ticket = new TabMemory("collab.ticket");

/** What a secret behind the `#` begins with, and where it is kept. */
const FOLLOWED = new Map([
  ["cl_", followed],
  ["ct_", ticket],
]);

/**
 * Takes an access token (`#token=…`), a share link (`#cl_…`) or a ticket (`#ct_…`) out of the address and keeps it for this tab. The address
 * bar is cleaned at once, so that the secret stays neither in the tab's history nor in a copied address. Returns whether there was one.
 */
export function takeSecretFromAddress(): boolean {
  const fragment = window.location.hash.slice(1);
  const kept = FOLLOWED.get(fragment.slice(0, 3));
  if (kept) {
    cleanAddress("");
    kept.keep(fragment);
    return true;
  }
  const parameters = new URLSearchParams(fragment);
  const shown = parameters.get("token");
  if (shown === null) return false;
  parameters.delete("token");
  cleanAddress(parameters.toString());
  token.keep(shown);
  pass.keep("");
  return true;
}

export function ticketFollowed(): string {
  return ticket.read();
}

/** The share link to open: the one that was followed, else that by which this tab is in. */
export function linkFollowed(): string {
  return followed.read() || pass.read();
}

/** Keeps what opens the followed link from now on, its password with it. */
export function keepLinkFollowed(secret: string): void {
  followed.keep(secret);
}

/** Shows what the followed link gave, at every door. */
export function comeInByLink(given: string): void {
  pass.keep(given);
  followed.keep("");
}

export function leaveLink(): void {
  pass.keep("");
}

/** What the share link gave by which this tab is in; empty where it is in by other means. */
export function linkKept(): string {
  return pass.read();
}

export function accessToken(): string {
  return pass.read() || token.read();
}

function cleanAddress(fragment: string): void {
  const { pathname, search } = window.location;
  window.history.replaceState(window.history.state, "", pathname + search + (fragment && `#${fragment}`));
}
