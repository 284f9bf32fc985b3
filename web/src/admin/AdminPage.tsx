import { useDocumentTitle } from "@mantine/hooks";
import { Message } from "../app/Message.tsx";
import { useSession } from "../app/SessionGate.tsx";
import { HomeButton } from "../app/screens.tsx";
import { PanelPage } from "../panels/Panel.tsx";
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
    <PanelPage title="Administration" wide>
      <Users />
      <AuditLog />
    </PanelPage>
  );
}
