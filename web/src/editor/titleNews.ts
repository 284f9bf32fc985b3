import type { Awareness } from "y-protocols/awareness";

const FIELD = "titleChanged";
/** A title may change with every pause in typing; more often than this nobody needs to look. */
const SHORTEST_PAUSE_MS = 1_000;

/** Tells the others that the title is another one. They ask the server for it: what a client claims is not taken for true. */
export function announceTitle(awareness: Awareness): void {
  awareness.setLocalStateField(FIELD, Date.now());
}

/** Calls back when one of the others has announced another title. */
export function onTitleNews(awareness: Awareness, news: () => void): () => void {
  const known = new Map<number, unknown>();
  for (const [clientId, state] of awareness.getStates()) known.set(clientId, state[FIELD]);
  let timer: number | undefined;

  const look = ({ added, updated }: { added: number[]; updated: number[] }) => {
    for (const clientId of [...added, ...updated]) {
      const announced: unknown = awareness.getStates().get(clientId)?.[FIELD];
      const fresh = announced !== known.get(clientId) && updated.includes(clientId);
      known.set(clientId, announced);
      if (!fresh || clientId === awareness.clientID || timer !== undefined) continue;
      news();
      timer = window.setTimeout(() => {
        timer = undefined;
      }, SHORTEST_PAUSE_MS);
    }
  };
  awareness.on("change", look);
  return () => {
    awareness.off("change", look);
    window.clearTimeout(timer);
  };
}
