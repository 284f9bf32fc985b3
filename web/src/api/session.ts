import { request } from "./client.ts";

export const SESSION_PATH = "/session";

export interface KnownUser {
  id: string;
  name: string;
  color: string | null;
  picture: string | null;
  admin: boolean;
}

/** Whom the server takes us for: in open mode, and by a link without having signed in, nobody in particular. */
export interface Session {
  mode: "open" | "token" | "account" | "link";
  user: KnownUser | null;
}

export async function getSession(): Promise<Session> {
  return (await request(SESSION_PATH)) as Session;
}
