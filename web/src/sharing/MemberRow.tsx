import type { ReactNode } from "react";
import { useSession } from "../app/SessionGate.tsx";
import styles from "../panels/Panel.module.css";
import { RemoveButton } from "./RemoveButton.tsx";

interface Props {
  member: { user_id: string; name: string | null };
  /** What they may do, given how they are called. */
  children: (name: string) => ReactNode;
  /** Absent for whoever may not. */
  remove?: (() => void) | undefined;
}

/** Somebody in a list of members. */
export function MemberRow({ member, children, remove }: Props) {
  const { user } = useSession();
  const name = member.name ?? member.user_id;
  const self = member.user_id === user?.id;
  return (
    <li className={styles.row}>
      <span className={styles.grow}>{self ? `${name} (you)` : name}</span>
      {children(name)}
      {remove ? <RemoveButton label={self ? "Leave" : `Remove ${name}`} remove={remove} /> : null}
    </li>
  );
}
