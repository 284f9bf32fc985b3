import { useEffect, useRef } from "react";
import { type DocumentRecord, getDocument, mayEdit } from "../api/documents.ts";
import type { Problem } from "../api/problem.ts";
import { InFrame } from "../app/Frame.tsx";
import { PresenceAvatars } from "../presence/PresenceAvatars.tsx";
import { useSelf } from "../presence/self.ts";
import { useOthers } from "../presence/useOthers.ts";
import { ShareButton } from "../sharing/ShareButton.tsx";
import { CopyLink } from "./CopyLink.tsx";
import { ContentSkeleton } from "./EditorSkeleton.tsx";
import { DeniedNotice, ReadOnlyNotice } from "./notices.tsx";
import styles from "./Page.module.css";
import { type EditorFocus, RichTextEditor } from "./RichTextEditor.tsx";
import { SaveIndicator } from "./SaveIndicator.tsx";
import { saveStateOf } from "./saveState.ts";
import { TitleField } from "./TitleField.tsx";
import { useConnection, useConnectionState } from "./useConnection.ts";
import { useTitle } from "./useTitle.ts";

/** How often to look whether a deleted document is back. */
const COMEBACK_MS = 2_000;

interface Props {
  record: DocumentRecord;
  /** Why the record could not be read again, if it could not. */
  problem: Problem | undefined;
  reload: () => void;
  replace: (record: DocumentRecord) => void;
}

/** A rich-text document with everything around it: title, save state, and who is here. */
export function Workspace({ record, problem, reload, replace }: Props) {
  const connection = useConnection(record.name);
  const state = useConnectionState(connection);
  const { person } = useSelf();
  const denied = state.denied !== undefined;
  const others = useOthers(denied ? undefined : connection?.awareness, person.id);
  const title = useTitle(record, { replace, reload, awareness: connection?.awareness });
  const focusEditor = useRef<EditorFocus>(null);

  useEffect(() => connection?.awareness.setLocalStateField("user", person), [connection, person]);
  useEffect(() => {
    if (!denied) return;
    reload();
    // What was wrong is over once we are let in again.
    return reload;
  }, [denied, reload]);
  const { admissions } = state;
  useEffect(() => {
    // The record was read for the first one; each other may have come with another role.
    if (admissions > 1) reload();
  }, [admissions, reload]);
  useComeback(denied && problem?.kind === "deleted" ? record.name : undefined, connection?.retry);

  const writable = mayEdit(record.role) && state.writable !== false;
  const editable = writable && !denied;
  const saveState = saveStateOf({
    ...state,
    denied,
    settled: state.settled && !title.unsaved,
    unsaved: state.unsaved || title.unsaved,
  });
  // A reader has nothing to save; whether there is a connection concerns them all the same.
  const telling = writable || saveState === "offline" || saveState === "refused";
  return (
    <>
      <InFrame place="status">{saveState && telling ? <SaveIndicator state={saveState} /> : null}</InFrame>
      <InFrame place="tools">
        <PresenceAvatars people={others} />
        <ShareButton document={record} />
        <CopyLink />
      </InFrame>
      <div className={styles.page}>
        {denied && connection ? (
          <DeniedNotice
            name={record.name}
            reason={state.denied ?? ""}
            problem={problem}
            readable={state.loaded}
            retry={connection.retry}
          />
        ) : null}
        {state.loaded && !writable ? <ReadOnlyNotice role={record.role} /> : null}
        {connection && state.loaded ? (
          <>
            <TitleField title={title} editable={editable} leave={() => focusEditor.current?.()} />
            <RichTextEditor connection={connection} editable={editable} focusRef={focusEditor} />
          </>
        ) : null}
        {state.loaded || denied ? null : <ContentSkeleton />}
      </div>
    </>
  );
}

/** Goes on by itself once somebody has restored a deleted document. */
function useComeback(deleted: string | undefined, retry: (() => void) | undefined): void {
  useEffect(() => {
    if (deleted === undefined || !retry) return;
    const controller = new AbortController();
    const look = () => getDocument(deleted, controller.signal).then(retry, () => undefined);
    const timer = window.setInterval(() => void look(), COMEBACK_MS);
    return () => {
      window.clearInterval(timer);
      controller.abort();
    };
  }, [deleted, retry]);
}
