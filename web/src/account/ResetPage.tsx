import { PasswordInput } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useState } from "react";
import { resetPassword } from "../api/account.ts";
import { FormPage } from "./FormPage.tsx";
import { MIN_PASSWORD_LENGTH, NEW_PASSWORD_HINT } from "./passwords.ts";
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
          <PasswordInput
            label="New password"
            description={NEW_PASSWORD_HINT}
            autoComplete="new-password"
            required
            withAsterisk={false}
            autoFocus
            minLength={MIN_PASSWORD_LENGTH}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
        </>
      }
    >
      {ticket.email ? `For ${ticket.email}.` : undefined}
    </FormPage>
  );
}
