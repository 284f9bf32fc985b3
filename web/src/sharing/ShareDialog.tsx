import { Modal } from "@mantine/core";
import type { DocumentRecord } from "../api/documents.ts";
import { Links } from "./Links.tsx";
import { People } from "./People.tsx";
import styles from "./Sharing.module.css";

interface Props {
  document: DocumentRecord;
  close: () => void;
}

/** Who else may do what with a document: people, and whoever has a link. */
export function ShareDialog({ document: record, close }: Props) {
  return (
    <Modal
      opened
      onClose={close}
      title={`Share “${record.title || "Untitled"}”`}
      size="lg"
      centered
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <div className={styles.dialog}>
        <People document={record.name} />
        <Links document={record.name} />
      </div>
    </Modal>
  );
}
