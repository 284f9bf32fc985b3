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
  | { type: "changed"; document: DocumentRecord }
  | { type: "removed"; name: string };

const EMPTY: State = { documents: undefined, hasMore: false, loadingMore: false, problem: undefined, cursor: null };

/** The documents that match a search, page by page, newest first. */
export function useDocumentList(search: string) {
  const [state, dispatch] = useReducer(reduce, EMPTY);
  const running = useRef<AbortController>(null);
  const paged = useRef(false);

  const load = useCallback(
    (cursor: string | null) => {
      running.current?.abort();
      const controller = new AbortController();
      running.current = controller;
      paged.current = cursor !== null;
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
      // A reader who has loaded more would be thrown back to the first page.
      if (document.visibilityState === "visible" && !paged.current) reload();
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
  const change = (changed: DocumentRecord) => dispatch({ type: "changed", document: changed });
  const remove = (name: string) => dispatch({ type: "removed", name });

  const list: DocumentList = state;
  return { list, reload, loadMore, change, remove };
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
    case "changed":
      return { ...state, documents: inOrder(state.documents ?? [], action.document) };
    case "removed":
      return { ...state, documents: state.documents?.filter(({ name }) => name !== action.name) };
  }
}

/** Puts a document where the server's order, the one changed last first, has it. */
function inOrder(known: readonly DocumentRecord[], changed: DocumentRecord): DocumentRecord[] {
  const others = known.filter(({ name }) => name !== changed.name);
  const time = Date.parse(changed.updated_at);
  const older = others.findIndex(({ updated_at }) => Date.parse(updated_at) < time);
  return others.toSpliced(older < 0 ? others.length : older, 0, changed);
}

/** A document that was changed between two pages is on both. */
function joined(known: readonly DocumentRecord[], more: readonly DocumentRecord[]): DocumentRecord[] {
  const names = new Set(known.map(({ name }) => name));
  return [...known, ...more.filter(({ name }) => !names.has(name))];
}
