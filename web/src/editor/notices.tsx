import { Button } from "@mantine/core";
import { Eye, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { type Role, restoreDocument } from "../api/documents.ts";
import { type Problem, reasonFor } from "../api/problem.ts";
import { linkKept } from "../api/token.ts";
import { useSession } from "../app/SessionGate.tsx";
import styles from "./notices.module.css";

/** Why nothing can be typed; it also comes while somebody types, where their role was changed. */
export function ReadOnlyNotice({ role }: { role: Role }) {
  return (
    <div className={styles.notice} role="status">
      <Eye size={17} aria-hidden />
      <p>
        {role === "commenter"
          ? "You are a commenter of this document: you can read it, but not change it."
          : "You can read this document, but not change it."}
      </p>
    </div>
  );
}

interface DeniedProps {
  name: string;
  reason: string;
  problem: Problem | undefined;
  /** Whether there is content on the page. */
  readable: boolean;
  retry: () => void;
}

/** The server has turned us away while the document was open. Its content stays on the page, so that nobody loses what they wrote. */
export function DeniedNotice({ name, reason, problem, readable, retry }: DeniedProps) {
  const [failure, setFailure] = useState<string>();
  const deleted = problem?.kind === "deleted";
  const { mode } = useSession();
  const signedOut = mode === "account" && problem?.kind === "unauthenticated";

  const act = async () => {
    if (signedOut) {
      window.location.reload();
      return;
    }
    try {
      if (deleted) await restoreDocument(name);
      retry();
    } catch (error) {
      setFailure(reasonFor(error));
    }
  };

  return (
    <div className={styles.notice} data-tone="bad" role="alert">
      <TriangleAlert size={17} aria-hidden />
      <p>
        {signedOut ? "You are not signed in any more." : explanation(problem, reason)}
        {readable ? " You can still read and copy what is on this page." : null}
        {failure ? ` That did not work: ${failure}.` : null}
      </p>
      <Button size="compact-sm" variant="default" onClick={() => void act()}>
        {deleted ? "Restore it" : signedOut ? "Sign in" : "Try again"}
      </Button>
    </div>
  );
}

function explanation(problem: Problem | undefined, reason: string): string {
  if (problem?.kind === "deleted") return "Somebody deleted this document.";
  if (problem?.kind === "unauthenticated") {
    return linkKept() !== ""
      ? "The link by which you came is not valid any more."
      : "Your access token is not valid any more.";
  }
  if (problem?.kind === "forbidden") return "You have no access to this document any more.";
  return `The server does not let you in: ${reason || "it gave no reason"}.`;
}
