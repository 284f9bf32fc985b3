import { request } from "./client.ts";

export type DocumentKind = "richtext" | "yjs";
export type Role = "reader" | "commenter" | "editor" | "owner";

export interface DocumentRecord {
  name: string;
  title: string;
  kind: DocumentKind;
  created_at: string;
  updated_at: string;
  role: Role;
}

export interface DocumentPage {
  documents: DocumentRecord[];
  next_cursor: string | null;
}

interface PageQuery {
  search?: string;
  cursor?: string | null;
  limit?: number;
  signal?: AbortSignal;
}

export function mayEdit(role: Role): boolean {
  return role === "editor" || role === "owner";
}

export async function listDocuments({ search, cursor, limit = 30, signal }: PageQuery): Promise<DocumentPage> {
  const query = new URLSearchParams({ limit: String(limit) });
  if (search) query.set("q", search);
  if (cursor) query.set("cursor", cursor);
  return (await request(`/documents?${query}`, signal ? { signal } : {})) as DocumentPage;
}

export async function createDocument(fields: { name?: string; title?: string } = {}): Promise<DocumentRecord> {
  const body = { ...fields, kind: "richtext" };
  return (await request("/documents", { method: "POST", body })) as DocumentRecord;
}

export async function getDocument(name: string, signal?: AbortSignal): Promise<DocumentRecord> {
  return (await request(pathOf(name), signal ? { signal } : {})) as DocumentRecord;
}

export async function changeDocument(
  name: string,
  changes: { title?: string; kind?: DocumentKind },
): Promise<DocumentRecord> {
  return (await request(pathOf(name), { method: "PATCH", body: changes })) as DocumentRecord;
}

/** Puts a document into the trash, from where `restoreDocument` brings it back. */
export async function deleteDocument(name: string): Promise<void> {
  await request(pathOf(name), { method: "DELETE" });
}

export async function restoreDocument(name: string): Promise<void> {
  await request(`${pathOf(name)}/restore`, { method: "POST" });
}

function pathOf(name: string): string {
  return `/documents/${encodeURIComponent(name)}`;
}
