import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import {
  createDocument,
  type DocumentRecord,
  deleteDocument,
  NO_NEW_DOCUMENTS,
  restoreDocument,
} from "../api/documents.ts";
import { reasonFor } from "../api/problem.ts";
import { navigate } from "../app/navigation.ts";
import { documentPath } from "../app/routes.ts";

const UNDO_OFFERED_MS = 12_000;

interface Options {
  restored: (record: DocumentRecord) => void;
  removed: (name: string) => void;
}

/** What the list can do beside showing documents. */
export function useDocumentActions({ restored, removed }: Options) {
  const [creating, setCreating] = useState(false);

  const create = async () => {
    setCreating(true);
    try {
      const { name } = await createDocument();
      navigate(documentPath(name));
    } catch (error) {
      complain("The document was not created", reasonFor(error, NO_NEW_DOCUMENTS));
      setCreating(false);
    }
  };

  const restore = async (record: DocumentRecord) => {
    try {
      restored(await restoreDocument(record.name));
    } catch (error) {
      complain("The document is still in the trash", reasonFor(error));
    }
  };

  const remove = async (record: DocumentRecord) => {
    try {
      await deleteDocument(record.name);
    } catch (error) {
      complain("The document was not deleted", reasonFor(error));
      return;
    }
    removed(record.name);
    offerUndo(record.title, () => void restore(record));
  };

  return { create: () => void create(), creating, remove };
}

function offerUndo(title: string, undo: () => void): void {
  const id = `deleted-${Date.now()}`;
  const take = () => {
    notifications.hide(id);
    undo();
  };
  notifications.show({
    id,
    autoClose: UNDO_OFFERED_MS,
    withBorder: true,
    message: (
      <span style={{ display: "flex", alignItems: "center", justifyContent: "space-between", gap: "1rem" }}>
        <span style={{ overflowWrap: "anywhere" }}>“{title}” is deleted.</span>
        <Button variant="light" size="compact-sm" onClick={take} style={{ flex: "none" }}>
          Undo
        </Button>
      </span>
    ),
  });
}

function complain(what: string, reason: string): void {
  notifications.show({ color: "red", withBorder: true, title: what, message: reason });
}
