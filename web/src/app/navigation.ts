import { useMemo, useSyncExternalStore } from "react";
import { type Route, routeOf } from "./routes.ts";

const NAVIGATED = "collab:navigated";

/** Goes to a page of this editor without loading anything anew. */
export function navigate(path: string): void {
  window.history.pushState(null, "", path);
  window.dispatchEvent(new Event(NAVIGATED));
  window.scrollTo(0, 0);
}

export function useRoute(): Route {
  const pathname = useSyncExternalStore(subscribe, () => window.location.pathname);
  return useMemo(() => routeOf(pathname), [pathname]);
}

function subscribe(changed: () => void): () => void {
  window.addEventListener("popstate", changed);
  window.addEventListener(NAVIGATED, changed);
  return () => {
    window.removeEventListener("popstate", changed);
    window.removeEventListener(NAVIGATED, changed);
  };
}
