import { TextInput } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useState } from "react";
import { signUp } from "../api/account.ts";
import { FormPage } from "./FormPage.tsx";
import { NewPassword } from "./NewPassword.tsx";
import { TicketProblem } from "./TicketProblem.tsx";
import { useTicket } from "./useTicket.ts";

/** Makes an account by an invitation. */
export function JoinPage() {
  useDocumentTitle("Join · Collab");
  const { secret, ticket, problem } = useTicket();
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");

  if (problem) return <TicketProblem problem={problem} />;
  if (!ticket) return null;
  if (ticket.kind !== "invitation") return <TicketProblem />;
  return (
    <FormPage
      title="Join Collab"
      action="Make my account"
      submit={async () => {
        await signUp({ ticket: secret, email: ticket.email === null ? email : null, name, password });
        window.location.replace("/");
      }}
      fields={
        <>
          <TextInput
            label="E-mail"
            type="email"
            autoComplete="username"
            required
            withAsterisk={false}
            readOnly={ticket.email !== null}
            value={ticket.email ?? email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <TextInput
            label="Your name"
            description="Others see it at your cursor."
            autoComplete="name"
            required
            withAsterisk={false}
            autoFocus
            maxLength={255}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <NewPassword label="Password" value={password} change={setPassword} />
        </>
      }
    >
      You were invited to write together here.
    </FormPage>
  );
}
