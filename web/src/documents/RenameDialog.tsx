import { Button, Modal, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { changeDocument, type DocumentRecord } from "../api/documents.ts";
import { reasonFor } from "../api/problem.ts";
import styles from "./RenameDialog.module.css";
import { MAX_TITLE_LENGTH, titleToEdit, titleToSave } from "./titles.ts";

interface Props {
  document: DocumentRecord;
  close: () => void;
  renamed: (changed: DocumentRecord) => void;
}

/** Changes a document's title; its address stays. */
export function RenameDialog({ document: record, close, renamed }: Props) {
  const [title, setTitle] = useState(titleToEdit(record.title));
  const [saving, setSaving] = useState(false);
  const [failure, setFailure] = useState<string>();

  const save = async (event: FormEvent) => {
    event.preventDefault();
    setSaving(true);
    try {
      renamed(await changeDocument(record.name, { title: titleToSave(title) }));
      close();
    } catch (error) {
      setFailure(`Not renamed: ${reasonFor(error)}.`);
      setSaving(false);
    }
  };

  return (
    <Modal opened onClose={close} title="Rename document" centered>
      <form onSubmit={save}>
        <TextInput
          label="Title"
          placeholder="Untitled"
          value={title}
          maxLength={MAX_TITLE_LENGTH}
          data-autofocus
          onFocus={(event) => event.currentTarget.select()}
          onChange={(event) => setTitle(event.currentTarget.value)}
          error={failure}
        />
        <div className={styles.actions}>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={saving}>
            Rename
          </Button>
        </div>
      </form>
    </Modal>
  );
}
