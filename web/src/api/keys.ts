import { request } from "./client.ts";
import type { Role } from "./documents.ts";

export interface ApiKey {
  id: number;
  name: string;
  documents: Record<string, Role>;
  admin: boolean;
  expires_at: string | null;
  used_at: string | null;
}

export interface NewKey {
  name: string;
  documents: Record<string, Role>;
  expires_at?: string;
}

export async function listKeys(): Promise<ApiKey[]> {
  return ((await request("/keys")) as { keys: ApiKey[] }).keys;
}

/** Makes a key, and returns what its bearer shows: the server shows it this once. */
export async function makeKey(key: NewKey): Promise<string> {
  return ((await request("/keys", { method: "POST", body: key })) as { secret: string }).secret;
}

export async function revokeKey(id: number): Promise<void> {
  await request(`/keys/${id}`, { method: "DELETE" });
}
