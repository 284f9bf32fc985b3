import { DocumentConnection } from "./connection.ts";

interface Entry {
  connection: DocumentConnection;
  users: number;
  /** Ends the wait of an entry that nobody uses for its last confirmation. */
  stopWaiting: (() => void) | undefined;
}

const entries = new Map<string, Entry>();

/**
 * Opens a document, or takes up the connection that is there. Give it back with `releaseConnection`.
 *
 * A connection that is given back before the server has confirmed everything stays open until it has: leaving a document loses nothing.
 */
export function acquireConnection(name: string): DocumentConnection {
  let entry = entries.get(name);
  if (!entry) {
    entry = { connection: new DocumentConnection(name), users: 0, stopWaiting: undefined };
    entries.set(name, entry);
    warnBeforeUnload();
  }
  entry.users += 1;
  entry.stopWaiting?.();
  entry.stopWaiting = undefined;
  if (entry.connection.awareness.getLocalState() === null) entry.connection.awareness.setLocalState({});
  return entry.connection;
}

export function releaseConnection(name: string): void {
  const entry = entries.get(name);
  if (!entry) return;
  entry.users -= 1;
  if (entry.users > 0) return;
  const { connection } = entry;
  const closeOnceSafe = () => {
    const { unsaved, denied, refused } = connection.state();
    if (unsaved && !denied && !refused) return;
    entries.delete(name);
    entry.stopWaiting?.();
    connection.close();
    warnBeforeUnload();
  };
  connection.awareness.setLocalState(null);
  entry.stopWaiting = connection.subscribe(closeOnceSafe);
  closeOnceSafe();
}

function warnBeforeUnload(): void {
  // Registered only while documents are open: the listener keeps a page out of the browser's back-forward cache.
  if (entries.size > 0) window.addEventListener("beforeunload", askBeforeUnload);
  else window.removeEventListener("beforeunload", askBeforeUnload);
}

function askBeforeUnload(event: BeforeUnloadEvent): void {
  const lossy = [...entries.values()].some(({ connection }) => {
    const { unsaved, writable, refused } = connection.state();
    return refused || (unsaved && writable !== false);
  });
  if (lossy) event.preventDefault();
}
