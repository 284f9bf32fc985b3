import { askAhead } from "../api/client.ts";
import { listPath, recordPath } from "../api/documents.ts";
import { SESSION_PATH } from "../api/session.ts";
import type { Route } from "./routes.ts";

export const importEditor = () => import("../editor/EditorPage.tsx");

/** Begins at once with all that a page needs; one after the other it would take four times to the server and back. */
export function preload(route: Route): void {
  if (["join", "reset", "share"].includes(route.page)) return;
  askAhead(SESSION_PATH);
  if (route.page === "documents") askAhead(listPath());
  if (route.page === "document") {
    askAhead(recordPath(route.name));
    // A failure shows when the page is rendered.
    importEditor().catch(() => undefined);
  }
}
