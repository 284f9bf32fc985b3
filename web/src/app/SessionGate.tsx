import { createContext, lazy, type ReactNode, useCallback, useContext, useEffect, useState } from "react";
import { getWaysIn, type WaysIn } from "../api/account.ts";
import { asProblem, type Problem } from "../api/problem.ts";
import { getSession, type Session } from "../api/session.ts";
import { accessToken, linkKept } from "../api/token.ts";
import { LinkSpent, ProblemMessage, TokenNeeded } from "./screens.tsx";

const SignInPage = lazy(async () => ({ default: (await import("../account/SignInPage.tsx")).SignInPage }));

const SessionContext = createContext<Session>({ mode: "open", user: null });

export function useSession(): Session {
  return useContext(SessionContext);
}

/** Asks the server once whom it takes us for, and lets nothing else happen before that is known. */
export function SessionGate({ children }: { children: ReactNode }) {
  const [session, setSession] = useState<Session>();
  const [problem, setProblem] = useState<Problem>();
  const [ways, setWays] = useState<WaysIn>();

  const load = useCallback(() => {
    getSession().then(
      (found) => {
        setSession(found);
        setProblem(undefined);
      },
      (error: unknown) => setProblem(asProblem(error)),
    );
  }, []);
  useEffect(load, [load]);

  const stranger = problem?.kind === "unauthenticated" || (session?.mode === "token" && !session.user);
  useEffect(() => {
    if (!stranger) return;
    getWaysIn().then(setWays, (error: unknown) => setProblem(asProblem(error)));
  }, [stranger]);
  if (session && !problem && !stranger) return <SessionContext value={session}>{children}</SessionContext>;
  return (
    <main>
      {stranger && ways?.accounts && accessToken() === "" ? (
        <SignInPage singleSignOn={ways.single_sign_on} signedIn={() => window.location.reload()} />
      ) : null}
      {stranger && linkKept() ? <LinkSpent /> : null}
      {stranger && ways && !linkKept() && (!ways.accounts || accessToken() !== "") ? (
        <TokenNeeded tried={accessToken() !== ""} />
      ) : null}
      {problem && !stranger ? <ProblemMessage problem={problem} retry={load} /> : null}
    </main>
  );
}
