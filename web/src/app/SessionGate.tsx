import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from "react";
import { asProblem, type Problem } from "../api/problem.ts";
import { getSession, type Session } from "../api/session.ts";
import { accessToken } from "../api/token.ts";
import { ProblemMessage, TokenNeeded } from "./screens.tsx";

const SessionContext = createContext<Session>({ mode: "open", user: null });

export function useSession(): Session {
  return useContext(SessionContext);
}

/** Asks the server once whom it takes us for, and lets nothing else happen before that is known. */
export function SessionGate({ children }: { children: ReactNode }) {
  const [session, setSession] = useState<Session>();
  const [problem, setProblem] = useState<Problem>();

  const load = useCallback(() => {
    setProblem(undefined);
    getSession().then(setSession, (error: unknown) => setProblem(asProblem(error)));
  }, []);
  useEffect(load, [load]);

  if (problem?.kind === "unauthenticated") return <TokenNeeded tried={accessToken() !== ""} />;
  if (problem) return <ProblemMessage problem={problem} retry={load} />;
  if (!session) return null;
  if (session.mode === "token" && !session.user) return <TokenNeeded tried={accessToken() !== ""} />;
  return <SessionContext value={session}>{children}</SessionContext>;
}
