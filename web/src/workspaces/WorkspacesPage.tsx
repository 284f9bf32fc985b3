import { Button, TextInput } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { type FormEvent, useState } from "react";
import type { Role } from "../api/documents.ts";
import { listWorkspaces, makeWorkspace } from "../api/workspaces.ts";
import { useSession } from "../app/SessionGate.tsx";
import panel from "../panels/Panel.module.css";
import { NotDone, PanelPage } from "../panels/Panel.tsx";
import { RoleSelect } from "../sharing/RoleSelect.tsx";
import { useList } from "../sharing/useList.ts";
import { WorkspaceSection } from "./WorkspaceSection.tsx";

/** The workspaces that somebody is in: documents whose names begin alike, and the people who have a role in all of them. */
export function WorkspacesPage() {
  useDocumentTitle("Workspaces · Collab");
  const { user } = useSession();
  const { items, failure, act } = useList(listWorkspaces);
  return (
    <PanelPage title="Workspaces" wide>
      <NotDone reason={failure} />
      {user?.admin ? <NewWorkspace make={(workspace) => act(() => makeWorkspace(workspace))} /> : null}
      {items?.map((workspace) => (
        <WorkspaceSection key={workspace.name} workspace={workspace} act={act} />
      ))}
      {items?.length === 0 ? <p className={panel.hint}>You are in no workspace so far. Admins make them.</p> : null}
    </PanelPage>
  );
}

interface NewProps {
  make: (workspace: { name: string; title: string; default_role: Role }) => Promise<boolean>;
}

function NewWorkspace({ make }: NewProps) {
  const [name, setName] = useState("");
  const [title, setTitle] = useState("");
  const [role, setRole] = useState<Role>("editor");
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!(await make({ name, title, default_role: role }))) return;
    setName("");
    setTitle("");
  };
  return (
    <form className={panel.panel} onSubmit={submit} aria-label="New workspace">
      <div className={panel.fields}>
        <TextInput
          className={panel.grow}
          label="Name"
          description="Its documents are called this, a slash, and their own name."
          required
          withAsterisk={false}
          pattern="[a-z0-9]([a-z0-9._\-]{0,62}[a-z0-9])?"
          title="Lower-case letters and digits, with - _ . between them"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput
          className={panel.grow}
          label="Title"
          maxLength={255}
          value={title}
          onChange={(event) => setTitle(event.currentTarget.value)}
        />
        <RoleSelect label="Members are" labelled value={role} change={setRole} />
        <Button type="submit">Make a workspace</Button>
      </div>
    </form>
  );
}
