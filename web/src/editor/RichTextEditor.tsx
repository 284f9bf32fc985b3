import "@mantine/core/styles.layer.css";
import "@blocknote/react/style.css";
import "@blocknote/mantine/blocknoteStyles.css";
import { withCollaboration } from "@blocknote/core/yjs";
import { BlockNoteView } from "@blocknote/mantine";
import { useCreateBlockNote } from "@blocknote/react";
import { useComputedColorScheme } from "@mantine/core";
import { type RefObject, useImperativeHandle } from "react";
import type { DocumentConnection } from "./connection.ts";
import { namedCursors } from "./cursors.ts";
import styles from "./RichTextEditor.module.css";
import { isSafeLink, safeMedia } from "./safeAddress.ts";
import { schema } from "./schema.ts";

export type EditorFocus = () => void;

interface Props {
  /** Loaded: in an editor that is mounted earlier, the first keys would go into another empty document. */
  connection: DocumentConnection;
  editable: boolean;
  focusRef: RefObject<EditorFocus | null>;
}

export function RichTextEditor({ connection, editable, focusRef }: Props) {
  const scheme = useComputedColorScheme("light");
  const editor = useCreateBlockNote(
    withCollaboration({
      schema,
      links: { isValidLink: isSafeLink },
      resolveFileUrl: (address: string) => Promise.resolve(safeMedia(address)),
      // The cursors are ours, so BlockNote is given no awareness; it asks for a user all the same.
      collaboration: { fragment: connection.fragment, user: { name: "", color: "#000000" } },
      extensions: [namedCursors(connection.awareness)],
      domAttributes: { editor: { "aria-label": "Document content" } },
    }),
    [connection],
  );
  useImperativeHandle(focusRef, () => () => editor.focus(), [editor]);

  return <BlockNoteView editor={editor} editable={editable} theme={scheme} className={styles.editor ?? ""} />;
}
