import { Button, Modal, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { changeDocument, type DocumentRecord } from "../api/documents.ts";
import { asProblem } from "../api/problem.ts";
import styles from "./RenameDialog.module.css";

interface Props {
  document: DocumentRecord;
  close: () => void;
  renamed: (changed: DocumentRecord) => void;
}

/** Changes a document's title; its address stays. */
export function RenameDialog({ document: record, close, renamed }: Props) {
  const [title, setTitle] = useState(record.title);
  const [saving, setSaving] = useState(false);
  const [failure, setFailure] = useState<string>();

  const save = async (event: FormEvent) => {
    event.preventDefault();
    setSaving(true);
    try {
      renamed(await changeDocument(record.name, { title: title.trim() }));
      close();
    } catch (error) {
      setFailure(`Not renamed: ${asProblem(error).message}.`);
      setSaving(false);
    }
  };

  return (
    <Modal opened onClose={close} title="Rename document" centered>
      <form onSubmit={save}>
        <TextInput
          label="Title"
          value={title}
          maxLength={255}
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
