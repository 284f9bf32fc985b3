import { ActionIcon, Button, NativeSelect, TextInput } from "@mantine/core";
import { X } from "lucide-react";
import { type FormEvent, useCallback, useState } from "react";
import styles from "../admin/Admin.module.css";
import type { Role } from "../api/documents.ts";
import { findPerson, ROLES } from "../api/sharing.ts";
import {
  changeWorkspace,
  listWorkspaceMembers,
  removeWorkspaceMember,
  setWorkspaceMember,
  type WorkspaceMember,
  type WorkspaceRecord,
} from "../api/workspaces.ts";
import { useSession } from "../app/SessionGate.tsx";
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
  const { user, mode } = useSession();
  const { name } = workspace;
  const { items, failure, act } = useList(useCallback(() => listWorkspaceMembers(name), [name]));
  const [wanted, setWanted] = useState("");
  const owns = workspace.role === "owner" || user?.admin === true;
  const byEmail = mode === "account";

  const add = async (event: FormEvent) => {
    event.preventDefault();
    const added = await act(async () => {
      const found = byEmail ? (await findPerson(wanted.trim())).user_id : wanted.trim();
      await setWorkspaceMember(name, found, null);
    });
    if (added) setWanted("");
  };
  const changeDefault = async (role: Role) => {
    await actOnWorkspace(() => changeWorkspace(name, { default_role: role }));
    await act(async () => undefined);
  };

  return (
    <section className={styles.section} aria-labelledby={`workspace-${name}`}>
      <h2 id={`workspace-${name}`} className={styles.heading}>
        {workspace.title || name}
      </h2>
      <p className={styles.hint}>{`Documents whose names begin with ${name}/`}</p>
      {owns ? (
        <>
          <RoleSelect
            label={`Members of ${name} are`}
            labelled
            value={workspace.default_role}
            change={(role) => void changeDefault(role)}
          />
          <form className={styles.row} onSubmit={add}>
            <TextInput
              className={styles.grow}
              label={byEmail ? "Add somebody by their e-mail" : "Add somebody by their user id"}
              type={byEmail ? "email" : "text"}
              required
              withAsterisk={false}
              value={wanted}
              onChange={(event) => setWanted(event.currentTarget.value)}
            />
            <Button type="submit">Add</Button>
          </form>
        </>
      ) : null}
      <p className={styles.failure} role="alert">
        {failure ? `Not done: ${failure}.` : null}
      </p>
      <ul className={styles.list}>
        {items?.map((member) => (
          <MemberRow
            key={member.user_id}
            member={member}
            self={member.user_id === user?.id}
            owns={owns}
            change={(role) => void act(() => setWorkspaceMember(name, member.user_id, role))}
            remove={() => void act(() => removeWorkspaceMember(name, member.user_id))}
          />
        ))}
      </ul>
      {items?.length === 0 ? <p className={styles.hint}>Nobody was added so far.</p> : null}
    </section>
  );
}

interface RowProps {
  member: WorkspaceMember;
  self: boolean;
  owns: boolean;
  /** Without a role it is the default one. */
  change: (role: Role | null) => void;
  remove: () => void;
}

function MemberRow({ member, self, owns, change, remove }: RowProps) {
  const name = member.name ?? member.user_id;
  const role = ROLES.find(({ value }) => value === member.role)?.label ?? member.role;
  return (
    <li className={styles.row}>
      <span className={styles.grow}>{self ? `${name} (you)` : name}</span>
      {owns ? (
        <NativeSelect
          aria-label={`Role of ${name}`}
          data={[{ value: DEFAULT, label: "As all members" }, ...ROLES.map(({ value, label }) => ({ value, label }))]}
          value={member.is_default ? DEFAULT : member.role}
          onChange={(event) => change((event.currentTarget.value || null) as Role | null)}
        />
      ) : (
        <span className={styles.hint}>{role}</span>
      )}
      {owns || self ? (
        <ActionIcon
          variant="subtle"
          color="gray"
          size={36}
          aria-label={self ? "Leave" : `Remove ${name}`}
          onClick={remove}
        >
          <X size={17} aria-hidden />
        </ActionIcon>
      ) : null}
    </li>
  );
}
