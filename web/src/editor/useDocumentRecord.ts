import { useCallback, useEffect, useState } from "react";
import { type DocumentRecord, getDocument } from "../api/documents.ts";
import { asProblem, type Problem } from "../api/problem.ts";

interface State {
  record: DocumentRecord | undefined;
  /** Why the record could not be read the last time. An older record stays beside it. */
  problem: Problem | undefined;
}

/** What the server knows of a document beside its content. */
export function useDocumentRecord(name: string) {
  const [state, setState] = useState<State>({ record: undefined, problem: undefined });
  const [wanted, setWanted] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `wanted` asks for another look
  useEffect(() => {
    const controller = new AbortController();
    getDocument(name, controller.signal).then(
      (record) => setState({ record, problem: undefined }),
      (error: unknown) => {
        if (!controller.signal.aborted) setState((last) => ({ ...last, problem: asProblem(error) }));
      },
    );
    return () => controller.abort();
  }, [name, wanted]);

  const reload = useCallback(() => setWanted((count) => count + 1), []);
  const replace = useCallback((record: DocumentRecord) => setState({ record, problem: undefined }), []);
  return { ...state, reload, replace };
}
