import { useMemo, useSyncExternalStore } from "react";
import type { Awareness } from "y-protocols/awareness";
import { othersOf, type Person } from "./person.ts";

const NOBODY: readonly Person[] = [];

/** Who else has this document open. Changes with people, not with every move of a cursor. */
export function useOthers(awareness: Awareness | undefined, ownId: string): readonly Person[] {
  const source = useMemo(() => (awareness ? sourceOf(awareness, ownId) : undefined), [awareness, ownId]);
  return useSyncExternalStore(source?.subscribe ?? neverChanges, source?.read ?? nobody);
}

function sourceOf(awareness: Awareness, ownId: string) {
  let shown = NOBODY;
  return {
    subscribe(changed: () => void): () => void {
      awareness.on("change", changed);
      return () => awareness.off("change", changed);
    },
    read(): readonly Person[] {
      const next = othersOf(awareness.getStates(), awareness.clientID, ownId);
      if (JSON.stringify(next) !== JSON.stringify(shown)) shown = next;
      return shown;
    },
  };
}

const neverChanges = () => () => {};
const nobody = () => NOBODY;
