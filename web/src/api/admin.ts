import { request } from "./client.ts";

export interface ManagedUser {
  user_id: string;
  email: string | null;
  name: string;
  admin: boolean;
  created_at: string;
  disabled_at: string | null;
}

export interface UserPage {
  users: ManagedUser[];
  next_cursor: string | null;
}

export interface AuditEntry {
  id: number;
  at: string;
  action: string;
  actor: string;
  actor_name: string | null;
  address: string | null;
  document: string | null;
  subject: string | null;
  details: Record<string, string>;
}

export interface AuditPage {
  entries: AuditEntry[];
  next_before: number | null;
}

/** Which entries are wanted; an empty text is any. */
export interface AuditQuery {
  action: string;
  actor: string;
  address: string;
  document: string;
  subject: string;
  /** Moments in the time zone of the browser, as a `datetime-local` field tells them. */
  since: string;
  until: string;
}

export async function listUsers(search: string, cursor?: string): Promise<UserPage> {
  const query = new URLSearchParams({ limit: "50" });
  if (search) query.set("q", search);
  if (cursor) query.set("cursor", cursor);
  return (await request(`/users?${query}`)) as UserPage;
}

export async function changeUser(user: string, change: { admin?: boolean; disabled?: boolean }): Promise<ManagedUser> {
  return (await request(`/users/${encodeURIComponent(user)}`, { method: "PATCH", body: change })) as ManagedUser;
}

/** Returns where on this server the link leads by which somebody makes an account. */
export async function invite(email: string, admin: boolean): Promise<string> {
  const body = email === "" ? { admin } : { email, admin };
  return ((await request("/invitations", { method: "POST", body })) as { path: string }).path;
}

/** Returns where on this server the link leads by which somebody sets another password. */
export async function offerReset(user: string): Promise<string> {
  return ((await request(`/users/${encodeURIComponent(user)}/reset`, { method: "POST" })) as { path: string }).path;
}

/** Reads the newest entries, those before another where one is named. */
export async function readAuditLog(
  { since, until, ...texts }: AuditQuery,
  before: number | null,
  signal: AbortSignal,
): Promise<AuditPage> {
  const query = new URLSearchParams({ limit: "50" });
  for (const [name, text] of Object.entries(texts)) {
    if (text.trim()) query.set(name, text.trim());
  }
  for (const [name, moment] of Object.entries({ since, until })) {
    if (moment) query.set(name, new Date(moment).toISOString());
  }
  if (before !== null) query.set("before", String(before));
  return (await request(`/audit?${query}`, { signal })) as AuditPage;
}
