import { ActionIcon, Button, TextInput } from "@mantine/core";
import { X } from "lucide-react";
import { type FormEvent, useCallback, useState } from "react";
import type { Role } from "../api/documents.ts";
import { findPerson, listMembers, removeMember, setMember } from "../api/sharing.ts";
import { useSession } from "../app/SessionGate.tsx";
import { RoleSelect } from "./RoleSelect.tsx";
import styles from "./Sharing.module.css";
import { useList } from "./useList.ts";

/** The members of a document. */
export function People({ document }: { document: string }) {
  const { user, mode } = useSession();
  const { items, failure, act } = useList(useCallback(() => listMembers(document), [document]));
  const [wanted, setWanted] = useState("");
  const [role, setRole] = useState<Role>("editor");
  const byEmail = mode === "account";

  const add = async (event: FormEvent) => {
    event.preventDefault();
    const added = await act(async () => {
      const found = byEmail ? (await findPerson(wanted.trim())).user_id : wanted.trim();
      await setMember(document, found, role);
    });
    if (added) setWanted("");
  };

  return (
    <section aria-labelledby="share-people">
      <h2 id="share-people" className={styles.heading}>
        People
      </h2>
      <form className={styles.add} onSubmit={add}>
        <TextInput
          className={styles.grow}
          label={byEmail ? "E-mail" : "User id"}
          type={byEmail ? "email" : "text"}
          required
          withAsterisk={false}
          data-autofocus
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
        />
        <RoleSelect label="Role" labelled value={role} change={setRole} />
        <Button type="submit">Add</Button>
      </form>
      <p className={styles.failure} role="alert">
        {failure ? `Not done: ${failure}.` : null}
      </p>
      <ul className={styles.list}>
        {items?.map((member) => {
          const called = member.user_id === user?.id ? `${member.name ?? member.user_id} (you)` : member.name;
          const name = called ?? member.user_id;
          return (
            <li key={member.user_id} className={styles.row}>
              <span className={styles.grow}>{name}</span>
              <RoleSelect
                label={`Role of ${name}`}
                value={member.role}
                change={(next) => void act(() => setMember(document, member.user_id, next))}
              />
              <ActionIcon
                variant="subtle"
                color="gray"
                size={36}
                aria-label={`Remove ${name}`}
                onClick={() => void act(() => removeMember(document, member.user_id))}
              >
                <X size={17} aria-hidden />
              </ActionIcon>
            </li>
          );
        })}
      </ul>
      {items?.length === 0 ? <p className={styles.hint}>Nobody was added so far.</p> : null}
    </section>
  );
}
