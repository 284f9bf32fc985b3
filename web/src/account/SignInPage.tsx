import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { type ReactNode, useState } from "react";
import { signIn, signInAddress } from "../api/account.ts";
import { FormPage } from "./FormPage.tsx";
import { signInFailure, takeSignInFailure } from "./signInFailure.ts";

interface Props {
  /** Why somebody must, where that is not plain. */
  children?: ReactNode;
  /** What people call the identity provider; `null` where there is none. */
  singleSignOn: string | null;
  /** The path to which the provider sends the browser back. */
  returnTo?: string;
  /** Goes on to what they came for. */
  signedIn: () => void;
}

/** Asks who somebody is. */
export function SignInPage({ children, singleSignOn, returnTo, signedIn }: Props) {
  useDocumentTitle("Sign in · Collab");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [refused] = useState(takeSignInFailure);
  return (
    <FormPage
      title="Sign in"
      action="Sign in"
      submit={async () => {
        await signIn(email, password);
        signedIn();
      }}
      trouble={refused === undefined ? undefined : signInFailure(refused, singleSignOn ?? "the provider")}
      alternative={
        singleSignOn === null ? null : (
          <Button component="a" href={signInAddress(returnTo ?? currentPath())} variant="default" size="md" fullWidth>
            {`Continue with ${singleSignOn}`}
          </Button>
        )
      }
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
    >
      {children}
    </FormPage>
  );
}

function currentPath(): string {
  return window.location.pathname + window.location.search;
}
