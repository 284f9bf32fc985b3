import { Button } from "@mantine/core";
import type { Problem } from "../api/problem.ts";
import { Message } from "../app/Message.tsx";

/** What to say to whoever comes with a link that is good for nothing here. */
export function TicketProblem({ problem }: { problem?: Problem }) {
  const away = problem?.kind === "unreachable" || problem?.kind === "unavailable";
  return (
    <main>
      <Message
        tone={away ? "away" : "key"}
        title={away ? "The server cannot be reached" : "This link is good no more"}
        action={
          <Button variant="default" onClick={() => (away ? window.location.reload() : window.location.assign("/"))}>
            {away ? "Try again" : "Go to the documents"}
          </Button>
        }
      >
        {away
          ? "It may be restarting, or your connection may be down."
          : "It was used already, has expired, or was not copied whole. Ask whoever sent it to you for another."}
      </Message>
    </main>
  );
}
