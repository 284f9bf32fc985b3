import { PasswordInput } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { FormPage } from "../account/FormPage.tsx";
import { getWaysIn } from "../api/account.ts";
import { asProblem, type Problem } from "../api/problem.ts";
import { type OpenedLink, openLink } from "../api/sharing.ts";
import { comeInByLink, keepLinkFollowed, linkFollowed } from "../api/token.ts";
import { Message } from "../app/Message.tsx";
import { documentPath } from "../app/routes.ts";
import { HomeButton, ProblemMessage } from "../app/screens.tsx";

const SHARE = "/share";

const SignInPage = lazy(async () => ({ default: (await import("../account/SignInPage.tsx")).SignInPage }));

/** Comes into a document by a share link, whose secret was taken out of the address and reaches no server but in a request's body. */
export function SharePage() {
  useDocumentTitle("A shared document · Collab");
  const [secret] = useState(linkFollowed);
  const [link, setLink] = useState<OpenedLink>();
  const [problem, setProblem] = useState<Problem>();
  const [password, setPassword] = useState("");
  const [stranger, setStranger] = useState(false);
  const [singleSignOn, setSingleSignOn] = useState<string | null>(null);

  const enter = useCallback(async (opened: OpenedLink) => {
    setLink(opened);
    if (opened.token === null) return;
    keepLinkFollowed(opened.token);
    if (opened.document === null) {
      setSingleSignOn((await getWaysIn()).single_sign_on);
      setStranger(true);
      return;
    }
    comeInByLink(opened.token);
    window.location.replace(documentPath(opened.document));
  }, []);
  const look = useCallback(() => {
    setProblem(undefined);
    openLink(secret)
      .then(enter)
      .catch((error: unknown) => setProblem(asProblem(error)));
  }, [secret, enter]);
  useEffect(look, [look]);

  if (problem?.kind === "not-found") {
    return (
      <main>
        <Message tone="key" title="This link is not valid any more" action={<HomeButton />}>
          It was revoked, has expired, or is incomplete. Ask whoever gave it to you for another.
        </Message>
      </main>
    );
  }
  if (problem) return <ProblemMessage problem={problem} retry={look} />;
  if (stranger && link) {
    return (
      <Suspense>
        <SignInPage
          singleSignOn={singleSignOn}
          returnTo={SHARE}
          signedIn={async () => enter(await openLink(linkFollowed()))}
        >
          The document is shared with people who have an account here.
        </SignInPage>
      </Suspense>
    );
  }
  if (link?.token !== null) return null;
  return (
    <FormPage
      title="This link has a password"
      action="Open the document"
      submit={async () => enter(await openLink(secret, password))}
      fields={
        <PasswordInput
          label="Password"
          autoComplete="off"
          required
          withAsterisk={false}
          autoFocus
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
      }
    >
      Whoever shared the document with you knows it.
    </FormPage>
  );
}
