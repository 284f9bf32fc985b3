import { PasswordInput, TextInput } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useState } from "react";
import { signIn } from "../api/account.ts";
import { FormPage } from "./FormPage.tsx";

/** Asks who somebody is; `signedIn` goes on to what they came for. */
export function SignInPage({ signedIn }: { signedIn: () => void }) {
  useDocumentTitle("Sign in · Collab");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  return (
    <FormPage
      title="Sign in"
      action="Sign in"
      submit={async () => {
        await signIn(email, password);
        signedIn();
      }}
      hint="Forgot your password, or new here? Ask whoever runs this server for a link."
      fields={
        <>
          <TextInput
            label="E-mail"
            type="email"
            autoComplete="username"
            required
            withAsterisk={false}
            data-autofocus
            autoFocus
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            required
            withAsterisk={false}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
        </>
      }
    />
  );
}
