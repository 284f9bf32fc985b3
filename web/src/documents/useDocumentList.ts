import { useCallback, useEffect, useReducer, useRef } from "react";
import { type DocumentRecord, listDocuments } from "../api/documents.ts";
import { asProblem, type Problem } from "../api/problem.ts";

export interface DocumentList {
  /** `undefined` until the first page is there. */
  documents: readonly DocumentRecord[] | undefined;
  hasMore: boolean;
  loadingMore: boolean;
  /** Why the list, or its next page, could not be loaded. */
  problem: Problem | undefined;
}

interface State extends DocumentList {
  cursor: string | null;
}

type Action =
  | { type: "asked for more" }
  | { type: "loaded"; documents: readonly DocumentRecord[]; cursor: string | null; append: boolean }
  | { type: "failed"; problem: Problem }
  | { type: "replaced"; name: string; document: DocumentRecord | undefined };

const EMPTY: State = { documents: undefined, hasMore: false, loadingMore: false, problem: undefined, cursor: null };

/** The documents that match a search, page by page, newest first. */
export function useDocumentList(search: string) {
  const [state, dispatch] = useReducer(reduce, EMPTY);
  const running = useRef<AbortController>(null);

  const load = useCallback(
    (cursor: string | null) => {
      running.current?.abort();
      const controller = new AbortController();
      running.current = controller;
      listDocuments({ search, cursor, signal: controller.signal }).then(
        (page) =>
          dispatch({ type: "loaded", documents: page.documents, cursor: page.next_cursor, append: cursor !== null }),
        (error: unknown) => {
          if (!controller.signal.aborted) dispatch({ type: "failed", problem: asProblem(error) });
        },
      );
    },
    [search],
  );

  const reload = useCallback(() => load(null), [load]);
  useEffect(() => {
    reload();
    const refresh = () => {
      if (document.visibilityState === "visible") reload();
    };
    document.addEventListener("visibilitychange", refresh);
    return () => {
      document.removeEventListener("visibilitychange", refresh);
      running.current?.abort();
    };
  }, [reload]);

  const loadMore = () => {
    dispatch({ type: "asked for more" });
    load(state.cursor);
  };
  const replace = (name: string, changed: DocumentRecord | undefined) =>
    dispatch({ type: "replaced", name, document: changed });

  const list: DocumentList = state;
  return { list, reload, loadMore, replace };
}

function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "asked for more":
      return { ...state, loadingMore: true, problem: undefined };
    case "loaded": {
      const documents = action.append ? joined(state.documents ?? [], action.documents) : action.documents;
      return {
        documents,
        cursor: action.cursor,
        hasMore: action.cursor !== null,
        loadingMore: false,
        problem: undefined,
      };
    }
    case "failed":
      return { ...state, loadingMore: false, problem: action.problem };
    case "replaced":
      return {
        ...state,
        documents: state.documents?.flatMap((known) => {
          if (known.name !== action.name) return [known];
          return action.document ? [action.document] : [];
        }),
      };
  }
}

/** A document that was changed between two pages is on both. */
function joined(known: readonly DocumentRecord[], more: readonly DocumentRecord[]): DocumentRecord[] {
  const names = new Set(known.map(({ name }) => name));
  return [...known, ...more.filter(({ name }) => !names.has(name))];
}
