import { request } from "./client.ts";

export const SESSION_PATH = "/session";

export interface KnownUser {
  id: string;
  name: string;
  color: string | null;
  picture: string | null;
}

/** Whom the server takes us for: in open mode nobody in particular, in token mode the user of the token. */
export interface Session {
  mode: "open" | "token" | "account";
  user: KnownUser | null;
}

export async function getSession(): Promise<Session> {
  return (await request(SESSION_PATH)) as Session;
}
