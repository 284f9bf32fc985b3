import { useCallback, useEffect, useState } from "react";
import { reasonFor } from "../api/problem.ts";

/** A list that the server keeps, and what is done to it: after each act it is read anew. */
export function useList<Item>(read: () => Promise<Item[]>) {
  const [items, setItems] = useState<Item[]>();
  const [failure, setFailure] = useState<string>();

  const load = useCallback(async () => {
    try {
      setItems(await read());
    } catch (error) {
      setFailure(reasonFor(error));
    }
  }, [read]);
  useEffect(() => void load(), [load]);

  /** Tells whether it was done. */
  const act = useCallback(
    async (work: () => Promise<unknown>): Promise<boolean> => {
      setFailure(undefined);
      try {
        await work();
        return true;
      } catch (error) {
        setFailure(reasonFor(error));
        return false;
      } finally {
        await load();
      }
    },
    [load],
  );
  return { items, failure, act };
}
