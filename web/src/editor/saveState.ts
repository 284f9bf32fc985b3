/** What the editor says about the safety of what was written. */
export type SaveState = "connecting" | "saving" | "saved" | "offline" | "refused";

export interface ConnectionFacts {
  /** The content came from the server at least once. */
  loaded: boolean;
  /** There is a connection that answers, and both sides have exchanged what the other lacked. */
  synced: boolean;
  /** The server has confirmed every edit, and that it has all. */
  settled: boolean;
  /** Something written here would be lost if this page went now. */
  unsaved: boolean;
  /** The server has refused an edit. */
  refused: boolean;
  /** The server has turned us away. */
  denied: boolean;
}

/** What to show; `undefined` where nothing needs saving any more. */
export function saveStateOf({
  loaded,
  synced,
  settled,
  unsaved,
  refused,
  denied,
}: ConnectionFacts): SaveState | undefined {
  if (!loaded) return "connecting";
  if (refused || (denied && unsaved)) return "refused";
  if (denied) return undefined;
  if (!synced) return "offline";
  return settled ? "saved" : "saving";
}

interface SaveStateText {
  label: string;
  /** What a phone has room for. */
  short: string;
  /** What a wide screen has room for beside the label. */
  detail?: string;
  explanation: string;
}

export const SAVE_STATE_TEXT: Readonly<Record<SaveState, SaveStateText>> = {
  connecting: {
    label: "Connecting…",
    short: "Connecting…",
    explanation: "The document is on its way from the server.",
  },
  saving: { label: "Saving…", short: "Saving…", explanation: "The server has not confirmed your latest changes yet." },
  saved: {
    label: "All changes saved",
    short: "Saved",
    explanation: "Everything you wrote is in the server’s database.",
  },
  offline: {
    label: "Offline",
    short: "Offline",
    detail: "changes are kept here and sent when the connection is back",
    explanation: "Changes are kept here and sent when the connection is back. Keep this page open.",
  },
  refused: {
    label: "Not saved",
    short: "Not saved",
    explanation: "The server did not accept your latest changes. Copy what you want to keep, then reload the page.",
  },
};
