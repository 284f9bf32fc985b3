import { useEffect, useState } from "react";
import { lookAtTicket, type Ticket } from "../api/account.ts";
import { asProblem, type Problem } from "../api/problem.ts";

/** The secret behind the `#` of a link that somebody was sent; it reaches no server but in a request's body. */
export function useTicket(): { secret: string; ticket: Ticket | undefined; problem: Problem | undefined } {
  const [secret] = useState(() => window.location.hash.slice(1));
  const [ticket, setTicket] = useState<Ticket>();
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    lookAtTicket(secret).then(setTicket, (error: unknown) => setProblem(asProblem(error)));
  }, [secret]);
  return { secret, ticket, problem };
}
