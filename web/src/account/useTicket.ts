import { useEffect, useState } from "react";
import { lookAtTicket, type Ticket } from "../api/account.ts";
import { asProblem, type Problem } from "../api/problem.ts";
import { ticketFollowed } from "../api/token.ts";

/** The secret of a link that somebody was sent, taken out of the address; it reaches no server but in a request's body. */
export function useTicket(): { secret: string; ticket: Ticket | undefined; problem: Problem | undefined } {
  const [secret] = useState(ticketFollowed);
  const [ticket, setTicket] = useState<Ticket>();
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    lookAtTicket(secret).then(setTicket, (error: unknown) => setProblem(asProblem(error)));
  }, [secret]);
  return { secret, ticket, problem };
}
