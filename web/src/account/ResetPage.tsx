import { useDocumentTitle } from "@mantine/hooks";
import { useState } from "react";
import { resetPassword } from "../api/account.ts";
import { FormPage } from "./FormPage.tsx";
import { NewPassword } from "./NewPassword.tsx";
import { TicketProblem } from "./TicketProblem.tsx";
import { useTicket } from "./useTicket.ts";

/** Sets another password by a link that an admin has given out. */
export function ResetPage() {
  useDocumentTitle("New password · Collab");
  const { secret, ticket, problem } = useTicket();
  const [password, setPassword] = useState("");

  if (problem) return <TicketProblem problem={problem} />;
  if (!ticket) return null;
  if (ticket.kind !== "reset") return <TicketProblem />;
  return (
    <FormPage
      title="Choose a new password"
      action="Set the password"
      submit={async () => {
        await resetPassword(secret, password);
        window.location.replace("/");
      }}
      hint="You are signed out everywhere, and sign in anew with it."
      fields={
        <>
          <input type="hidden" autoComplete="username" value={ticket.email ?? ""} readOnly />
          <NewPassword label="New password" value={password} change={setPassword} autoFocus />
        </>
      }
    >
      {ticket.email ? `For ${ticket.email}.` : undefined}
    </FormPage>
  );
}
