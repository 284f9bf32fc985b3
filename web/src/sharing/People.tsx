import { useCallback, useState } from "react";
import type { Role } from "../api/documents.ts";
import { listMembers, removeMember, setMember } from "../api/sharing.ts";
import panel from "../panels/Panel.module.css";
import { NotDone } from "../panels/Panel.tsx";
import { AddPerson } from "./AddPerson.tsx";
import { MemberRow } from "./MemberRow.tsx";
import { RoleSelect } from "./RoleSelect.tsx";
import styles from "./Sharing.module.css";
import { useList } from "./useList.ts";

/** The members of a document. */
export function People({ document }: { document: string }) {
  const { items, failure, act } = useList(useCallback(() => listMembers(document), [document]));
  const [role, setRole] = useState<Role>("editor");
  return (
    <section className={styles.part} aria-labelledby="share-people">
      <h2 id="share-people" className={styles.heading}>
        People
      </h2>
      <AddPerson add={(find) => act(async () => setMember(document, await find(), role))}>
        <RoleSelect label="Role" labelled value={role} change={setRole} />
      </AddPerson>
      <NotDone reason={failure} />
      <ul className={panel.list}>
        {items?.map((member) => (
          <MemberRow
            key={member.user_id}
            member={member}
            remove={() => void act(() => removeMember(document, member.user_id))}
          >
            {(name) => (
              <RoleSelect
                label={`Role of ${name}`}
                value={member.role}
                change={(next) => void act(() => setMember(document, member.user_id, next))}
              />
            )}
          </MemberRow>
        ))}
      </ul>
      {items?.length === 0 ? <p className={panel.hint}>Nobody was added so far.</p> : null}
    </section>
  );
}
