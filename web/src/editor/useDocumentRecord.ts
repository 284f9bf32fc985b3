import { useCallback, useEffect, useRef, useState } from "react";
import { type DocumentRecord, getDocument } from "../api/documents.ts";
import { asProblem, type Problem } from "../api/problem.ts";

/** How soon a change shows that nobody in the document has announced, such as a new title from the list. */
const REFRESH_MS = 20_000;

interface State {
  record: DocumentRecord | undefined;
  /** Why the record could not be read the last time. An older record stays beside it. */
  problem: Problem | undefined;
}

/** What the server knows of a document beside its content. */
export function useDocumentRecord(name: string) {
  const [state, setState] = useState<State>({ record: undefined, problem: undefined });
  const [wanted, setWanted] = useState(0);
  const running = useRef<AbortController>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `wanted` asks for another look
  useEffect(() => {
    const controller = new AbortController();
    running.current = controller;
    getDocument(name, controller.signal).then(
      (record) => setState({ record, problem: undefined }),
      (error: unknown) => {
        if (!controller.signal.aborted) setState((last) => ({ ...last, problem: asProblem(error) }));
      },
    );
    return () => controller.abort();
  }, [name, wanted]);

  const reload = useCallback(() => setWanted((count) => count + 1), []);
  const replace = useCallback((record: DocumentRecord) => {
    // An answer that is on its way may be older.
    running.current?.abort();
    setState({ record, problem: undefined });
  }, []);
  useRefresh(reload);
  return { ...state, reload, replace };
}

function useRefresh(reload: () => void): void {
  useEffect(() => {
    const refresh = () => {
      if (document.visibilityState === "visible") reload();
    };
    const timer = window.setInterval(refresh, REFRESH_MS);
    window.addEventListener("focus", refresh);
    return () => {
      window.clearInterval(timer);
      window.removeEventListener("focus", refresh);
    };
  }, [reload]);
}
