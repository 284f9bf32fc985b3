import { notifications } from "@mantine/notifications";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Awareness } from "y-protocols/awareness";
import { changeDocument, type DocumentRecord } from "../api/documents.ts";
import { asProblem, reasonFor } from "../api/problem.ts";
import { titleToEdit, titleToSave } from "../documents/titles.ts";
import { announceTitle, onTitleNews } from "./titleNews.ts";

const SAVE_DELAY_MS = 500;
const RETRY_DELAY_MS = 3_000;

export interface Title {
  value: string;
  /** Whether the server does not have it yet. */
  unsaved: boolean;
  edit: (value: string) => void;
}

interface Options {
  replace: (record: DocumentRecord) => void;
  reload: () => void;
  awareness: Awareness | undefined;
}

/** The title as it is being written. It is saved a moment after the last key, and again until the server has it. */
export function useTitle(record: DocumentRecord, { replace, reload, awareness }: Options): Title {
  const [draft, setDraft] = useState<string>();
  const latest = useRef<string>(undefined);
  const timer = useRef(0);
  const running = useRef(false);

  const save = useCallback(async () => {
    // One request at a time: two could overtake each other.
    if (running.current) return;
    running.current = true;
    try {
      while (latest.current !== undefined) {
        const title = latest.current;
        const changed = await changeDocument(record.name, { title: titleToSave(title) });
        if (awareness) announceTitle(awareness);
        if (latest.current !== title) continue;
        latest.current = undefined;
        replace(changed);
        setDraft(undefined);
      }
    } catch (error) {
      const problem = asProblem(error);
      if (problem.kind === "unreachable" || problem.kind === "unavailable") {
        timer.current = window.setTimeout(() => void save(), RETRY_DELAY_MS);
        return;
      }
      latest.current = undefined;
      setDraft(undefined);
      notifications.show({
        color: "red",
        withBorder: true,
        title: "The title was not saved",
        message: reasonFor(problem),
      });
    } finally {
      running.current = false;
    }
  }, [record.name, replace, awareness]);

  const edit = useCallback(
    (value: string) => {
      latest.current = value;
      setDraft(value);
      window.clearTimeout(timer.current);
      timer.current = window.setTimeout(() => void save(), SAVE_DELAY_MS);
    },
    [save],
  );

  useEffect(() => (awareness ? onTitleNews(awareness, reload) : undefined), [awareness, reload]);
  useEffect(
    () => () => {
      // Whoever leaves the page within the delay means the title all the same.
      window.clearTimeout(timer.current);
      void save();
    },
    [save],
  );
  useWarningBeforeUnload(draft !== undefined);

  return { value: draft ?? titleToEdit(record.title), unsaved: draft !== undefined, edit };
}

function useWarningBeforeUnload(needed: boolean): void {
  useEffect(() => {
    if (!needed) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [needed]);
}
