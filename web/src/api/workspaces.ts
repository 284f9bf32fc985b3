import { request } from "./client.ts";
import type { Role } from "./documents.ts";

export interface WorkspaceRecord {
  name: string;
  title: string;
  default_role: Role;
  role: Role | null;
}

export interface WorkspaceMember {
  user_id: string;
  name: string | null;
  role: Role;
  is_default: boolean;
}

export async function listWorkspaces(): Promise<WorkspaceRecord[]> {
  return ((await request("/workspaces")) as { workspaces: WorkspaceRecord[] }).workspaces;
}

export async function makeWorkspace(workspace: {
  name: string;
  title: string;
  default_role: Role;
}): Promise<WorkspaceRecord> {
  return (await request("/workspaces", { method: "POST", body: workspace })) as WorkspaceRecord;
}

export async function changeWorkspace(
  name: string,
  change: { title?: string; default_role?: Role },
): Promise<WorkspaceRecord> {
  return (await request(`/workspaces/${name}`, { method: "PATCH", body: change })) as WorkspaceRecord;
}

export async function listWorkspaceMembers(name: string): Promise<WorkspaceMember[]> {
  return ((await request(`/workspaces/${name}/members`)) as { members: WorkspaceMember[] }).members;
}

/** Without a role it is the workspace's default one. */
export async function setWorkspaceMember(name: string, user: string, role: Role | null): Promise<WorkspaceMember> {
  const body = role === null ? {} : { role };
  return (await request(memberPath(name, user), { method: "PUT", body })) as WorkspaceMember;
}

export async function removeWorkspaceMember(name: string, user: string): Promise<void> {
  await request(memberPath(name, user), { method: "DELETE" });
}

function memberPath(name: string, user: string): string {
  return `/workspaces/${name}/members/${encodeURIComponent(user)}`;
}
