import { NativeSelect } from "@mantine/core";
import { useCallback } from "react";
import type { Role } from "../api/documents.ts";
import { ROLES } from "../api/sharing.ts";
import {
  changeWorkspace,
  listWorkspaceMembers,
  removeWorkspaceMember,
  setWorkspaceMember,
  type WorkspaceMember,
  type WorkspaceRecord,
} from "../api/workspaces.ts";
import { useSession } from "../app/SessionGate.tsx";
import panel from "../panels/Panel.module.css";
import { NotDone, Panel } from "../panels/Panel.tsx";
import { AddPerson } from "../sharing/AddPerson.tsx";
import { MemberRow } from "../sharing/MemberRow.tsx";
import { RoleSelect } from "../sharing/RoleSelect.tsx";
import { useList } from "../sharing/useList.ts";

const DEFAULT = "";

interface Props {
  workspace: WorkspaceRecord;
  /** Does something to the workspace itself, and reads all of them anew. */
  act: (work: () => Promise<unknown>) => Promise<boolean>;
}

/** One workspace and its members; owners and admins change them. */
export function WorkspaceSection({ workspace, act: actOnWorkspace }: Props) {
  const { user } = useSession();
  const { name } = workspace;
  const { items, failure, act } = useList(useCallback(() => listWorkspaceMembers(name), [name]));
  const owns = workspace.role === "owner" || user?.admin === true;

  const changeDefault = async (role: Role) => {
    await actOnWorkspace(() => changeWorkspace(name, { default_role: role }));
    await act(async () => undefined);
  };

  return (
    <Panel id={`workspace-${name}`} title={workspace.title || name}>
      <p className={panel.hint}>{`Documents whose names begin with ${name}/`}</p>
      {owns ? (
        <>
          <RoleSelect
            label={`Members of ${name} are`}
            labelled
            value={workspace.default_role}
            change={(role) => void changeDefault(role)}
          />
          <AddPerson add={(find) => act(async () => setWorkspaceMember(name, await find(), null))} />
        </>
      ) : null}
      <NotDone reason={failure} />
      <ul className={panel.list}>
        {items?.map((member) => (
          <MemberRow
            key={member.user_id}
            member={member}
            remove={
              owns || member.user_id === user?.id
                ? () => void act(() => removeWorkspaceMember(name, member.user_id))
                : undefined
            }
          >
            {(called) =>
              owns ? (
                <RoleInWorkspace
                  label={`Role of ${called}`}
                  member={member}
                  change={(role) => void act(() => setWorkspaceMember(name, member.user_id, role))}
                />
              ) : (
                <span className={panel.hint}>{ROLES.find(({ value }) => value === member.role)?.label}</span>
              )
            }
          </MemberRow>
        ))}
      </ul>
      {items?.length === 0 ? <p className={panel.hint}>Nobody was added so far.</p> : null}
    </Panel>
  );
}

interface RoleProps {
  label: string;
  member: WorkspaceMember;
  /** Without a role it is the default one. */
  change: (role: Role | null) => void;
}

function RoleInWorkspace({ label, member, change }: RoleProps) {
  return (
    <NativeSelect
      aria-label={label}
      data={[
        { value: DEFAULT, label: "As all members" },
        ...ROLES.map(({ value, label: role }) => ({ value, label: role })),
      ]}
      value={member.is_default ? DEFAULT : member.role}
      onChange={(event) => change((event.currentTarget.value || null) as Role | null)}
    />
  );
}
