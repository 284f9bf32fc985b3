import { useDocumentTitle } from "@mantine/hooks";
import { Message } from "../app/Message.tsx";
import { useSession } from "../app/SessionGate.tsx";
import { HomeButton } from "../app/screens.tsx";
import styles from "./Admin.module.css";
import { AuditLog } from "./AuditLog.tsx";
import { Users } from "./Users.tsx";

/** What admins look after: who has an account, and what was done about who may do what. */
export function AdminPage() {
  useDocumentTitle("Administration · Collab");
  const { user } = useSession();
  if (!user?.admin) {
    return (
      <Message tone="key" title="This is for admins" action={<HomeButton variant="filled" />}>
        Ask one of them for what you need.
      </Message>
    );
  }
  return (
    <div className={styles.page}>
      <h1 className={styles.title}>Administration</h1>
      <Users />
      <AuditLog />
    </div>
  );
}
