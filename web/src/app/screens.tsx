import { Button } from "@mantine/core";
import { useEffect } from "react";
import type { Problem } from "../api/problem.ts";
import { leaveLink, linkKept } from "../api/token.ts";
import { Message } from "./Message.tsx";
import { navigate } from "./navigation.ts";

/** How soon a page that found no server looks again. */
const RETRY_MS = 4_000;

export function HomeButton({ variant = "default" }: { variant?: "default" | "filled" }) {
  return (
    <Button variant={variant} onClick={() => navigate("/")}>
      All documents
    </Button>
  );
}

export function NoSuchPage() {
  return (
    <Message tone="missing" title="There is nothing at this address" action={<HomeButton variant="filled" />}>
      A document’s address is /d/ and its name: 1 to 255 characters, none of them a control character.
    </Message>
  );
}

export function TokenNeeded({ tried }: { tried: boolean }) {
  return (
    <Message tone="key" title={tried ? "This access token is not valid any more" : "Access needs a token"}>
      {tried
        ? "It has expired, or this server does not accept it. Open the document once more from the application that brought you here."
        : "Documents on this server are opened from the application that runs it. Follow its link to come here with an access token."}
    </Message>
  );
}

/** The share link that this tab came by is good no more. */
export function LinkSpent() {
  const leave = () => {
    leaveLink();
    window.location.assign("/");
  };
  return (
    <Message
      tone="key"
      title="This link is not valid any more"
      action={<Button onClick={leave}>Go on without it</Button>}
    >
      It was revoked or has expired. Ask whoever gave it to you for another.
    </Message>
  );
}

/** What to say when a request failed, for every failure that is not about one document's whereabouts. */
export function ProblemMessage({ problem, retry }: { problem: Problem; retry: () => void }) {
  const away = problem.kind === "unreachable" || problem.kind === "unavailable";
  useEffect(() => {
    if (!away) return;
    const timer = window.setInterval(retry, RETRY_MS);
    return () => window.clearInterval(timer);
  }, [away, retry]);

  if (problem.kind === "unauthenticated") return linkKept() ? <LinkSpent /> : <TokenNeeded tried />;
  if (problem.kind === "forbidden") {
    return (
      <Message tone="key" title="You have no access to this">
        Ask whoever sent you here to share it with you.
      </Message>
    );
  }
  return (
    <Message
      tone={away ? "away" : "bad"}
      title={away ? "The server cannot be reached" : "That did not work"}
      action={<Button onClick={retry}>Try again</Button>}
    >
      {away
        ? "It may be restarting, or your connection may be down. Nothing that was saved is lost. This page tries again by itself."
        : `The server said: ${problem.message}`}
    </Message>
  );
}
