import { request } from "./client.ts";
import type { KnownUser } from "./session.ts";

/** How people come in at this server. */
export interface WaysIn {
  open: boolean;
  accounts: boolean;
  tokens: boolean;
  /** What people call the identity provider that they may sign in at; `null` where there is none. */
  single_sign_on: string | null;
}

/** Who somebody is at an identity provider. */
export interface ExternalIdentity {
  id: number;
  issuer: string;
  subject: string;
  email: string | null;
  last_used_at: string;
}

export interface Ticket {
  kind: "invitation" | "reset";
  email: string | null;
}

export interface Account {
  user_id: string;
  email: string | null;
  name: string;
  color: string | null;
  picture: string | null;
  admin: boolean;
}

export interface OwnAccount extends Account {
  has_password: boolean;
}

export interface BrowserSession {
  id: number;
  agent: string;
  address: string | null;
  seen_at: string;
  current: boolean;
}

export async function getWaysIn(): Promise<WaysIn> {
  return (await request("/sign-in")) as WaysIn;
}

export async function signIn(email: string, password: string): Promise<KnownUser> {
  return (await request("/session", { method: "POST", body: { email, password } })) as KnownUser;
}

export async function signOut(): Promise<void> {
  await request("/session", { method: "DELETE" });
}

export async function lookAtTicket(ticket: string): Promise<Ticket> {
  return (await request("/tickets", { method: "POST", body: { ticket } })) as Ticket;
}

export async function signUp(account: {
  ticket: string;
  email: string | null;
  name: string;
  password: string;
}): Promise<void> {
  await request("/accounts", { method: "POST", body: account });
}

export async function resetPassword(ticket: string, password: string): Promise<void> {
  await request("/password-resets", { method: "POST", body: { ticket, password } });
}

export async function getAccount(): Promise<OwnAccount> {
  return (await request("/account")) as OwnAccount;
}

export async function changeProfile(change: { name?: string; color?: string; picture?: string }): Promise<Account> {
  return (await request("/account", { method: "PATCH", body: change })) as Account;
}

export async function changePassword(current: string, next: string): Promise<void> {
  await request("/account/password", { method: "PUT", body: { current, new: next } });
}

export async function listSessions(): Promise<BrowserSession[]> {
  return ((await request("/account/sessions")) as { sessions: BrowserSession[] }).sessions;
}

export async function endSession(id: number): Promise<void> {
  await request(`/account/sessions/${id}`, { method: "DELETE" });
}

export async function listIdentities(): Promise<ExternalIdentity[]> {
  return ((await request("/account/identities")) as { identities: ExternalIdentity[] }).identities;
}

export async function unlinkIdentity(id: number): Promise<void> {
  await request(`/account/identities/${id}`, { method: "DELETE" });
}

/** Where a page sends the browser to sign in at the identity provider; it comes back to this path. */
export function signInAddress(returnTo: string, link = false): string {
  const parameters = new URLSearchParams({ return_to: returnTo, ...(link ? { link: "true" } : {}) });
  return `/api/v1/oidc/start?${parameters}`;
}
