import { request } from "./client.ts";
import { type Role, recordPath } from "./documents.ts";

export interface Member {
  user_id: string;
  name: string | null;
  role: Role;
}

export interface ShareLink {
  id: number;
  /** Where on this server it opens the document. */
  path: string;
  role: Role;
  guests: boolean;
  has_password: boolean;
  expires_at: string | null;
}

export interface NewLink {
  role: Role;
  guests: boolean;
  password?: string;
  expires_at?: string;
}

export interface OpenedLink {
  /** `null` where the password is missing, or somebody must sign in first. */
  document: string | null;
  role: Role | null;
  guests: boolean;
  /** What to show in place of an access token, and here instead of the password; `null` where that is missing. */
  token: string | null;
}

export interface Person {
  user_id: string;
  name: string;
}

export const ROLES: readonly { value: Role; label: string; may: string }[] = [
  { value: "reader", label: "Reader", may: "reads" },
  { value: "commenter", label: "Commenter", may: "reads, and will comment" },
  { value: "editor", label: "Editor", may: "reads and writes" },
  { value: "owner", label: "Owner", may: "writes, shares and deletes" },
];

export async function listMembers(document: string): Promise<Member[]> {
  return ((await request(`${recordPath(document)}/members`)) as { members: Member[] }).members;
}

export async function setMember(document: string, user: string, role: Role): Promise<Member> {
  return (await request(memberPath(document, user), { method: "PUT", body: { role } })) as Member;
}

export async function removeMember(document: string, user: string): Promise<void> {
  await request(memberPath(document, user), { method: "DELETE" });
}

export async function findPerson(email: string): Promise<Person> {
  return (await request("/people", { method: "POST", body: { email } })) as Person;
}

export async function listLinks(document: string): Promise<ShareLink[]> {
  return ((await request(`${recordPath(document)}/links`)) as { links: ShareLink[] }).links;
}

export async function makeLink(document: string, link: NewLink): Promise<ShareLink> {
  return (await request(`${recordPath(document)}/links`, { method: "POST", body: link })) as ShareLink;
}

export async function revokeLink(document: string, id: number): Promise<void> {
  await request(`${recordPath(document)}/links/${id}`, { method: "DELETE" });
}

export async function openLink(token: string, password?: string): Promise<OpenedLink> {
  return (await request("/links/open", {
    method: "POST",
    body: password === undefined ? { token } : { token, password },
  })) as OpenedLink;
}

function memberPath(document: string, user: string): string {
  return `${recordPath(document)}/members/${encodeURIComponent(user)}`;
}
