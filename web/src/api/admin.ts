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

export interface AuditQuery {
  action?: string;
  actor?: string;
  document?: string;
  before?: number;
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

export async function readAuditLog({ action, actor, document, before }: AuditQuery): Promise<AuditPage> {
  const query = new URLSearchParams({ limit: "50" });
  if (action) query.set("action", action);
  if (actor) query.set("actor", actor);
  if (document) query.set("document", document);
  if (before !== undefined) query.set("before", String(before));
  return (await request(`/audit?${query}`)) as AuditPage;
}
