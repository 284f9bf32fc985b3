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

const PAGE_SIZE = 30;

/** What to tell somebody who may not create a document. */
export const NO_NEW_DOCUMENTS =
  "Your access does not allow new documents here. Ask whoever gave it to you, or open one of the documents you have.";

interface PageQuery {
  search?: string;
  cursor?: string | null;
  signal?: AbortSignal;
}

export function mayEdit(role: Role): boolean {
  return role === "editor" || role === "owner";
}

export async function listDocuments({ signal, ...query }: PageQuery): Promise<DocumentPage> {
  return (await request(listPath(query), signal ? { signal } : {})) as DocumentPage;
}

export async function createDocument(fields: { name?: string; title?: string } = {}): Promise<DocumentRecord> {
  const body = { ...fields, kind: "richtext" };
  return (await request("/documents", { method: "POST", body })) as DocumentRecord;
}

export async function getDocument(name: string, signal?: AbortSignal): Promise<DocumentRecord> {
  return (await request(recordPath(name), signal ? { signal } : {})) as DocumentRecord;
}

export async function changeDocument(
  name: string,
  changes: { title?: string; kind?: DocumentKind },
): Promise<DocumentRecord> {
  return (await request(recordPath(name), { method: "PATCH", body: changes })) as DocumentRecord;
}

/** Puts a document into the trash, from where `restoreDocument` brings it back. */
export async function deleteDocument(name: string): Promise<void> {
  await request(recordPath(name), { method: "DELETE" });
}

export async function restoreDocument(name: string): Promise<DocumentRecord> {
  return (await request(`${recordPath(name)}/restore`, { method: "POST" })) as DocumentRecord;
}

/** Where a page of the list is asked for. */
export function listPath({ search, cursor }: Omit<PageQuery, "signal"> = {}): string {
  const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
  if (search) query.set("q", search);
  if (cursor) query.set("cursor", cursor);
  return `/documents?${query}`;
}

/** Where a document is asked for. */
export function recordPath(name: string): string {
  return `/documents/${encodeURIComponent(name)}`;
}
