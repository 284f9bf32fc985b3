import { useCallback, useEffect, useRef, useState } from "react";
import { type AuditEntry, type AuditQuery, readAuditLog } from "../api/admin.ts";
import { reasonFor } from "../api/problem.ts";

/** The entries that are wanted, page by page, the newest first. Of two questions the later one counts. */
export function useAuditLog(query: AuditQuery) {
  const [entries, setEntries] = useState<readonly AuditEntry[]>();
  const [next, setNext] = useState<number | null>(null);
  const [failure, setFailure] = useState<string>();
  const running = useRef<AbortController>(null);

  const load = useCallback(
    async (before: number | null) => {
      running.current?.abort();
      const controller = new AbortController();
      running.current = controller;
      try {
        const page = await readAuditLog(query, before, controller.signal);
        if (controller.signal.aborted) return;
        setEntries((shown) => (before === null ? page.entries : [...(shown ?? []), ...page.entries]));
        setNext(page.next_before);
        setFailure(undefined);
      } catch (error) {
        if (controller.signal.aborted) return;
        if (before === null) {
          setEntries(undefined);
          setNext(null);
        }
        setFailure(reasonFor(error));
      }
    },
    [query],
  );
  useEffect(() => {
    void load(null);
    return () => running.current?.abort();
  }, [load]);

  return { entries, failure, more: next === null ? undefined : () => void load(next) };
}
