import { Button, TextInput } from "@mantine/core";
import { useDebouncedValue, useDocumentTitle } from "@mantine/hooks";
import { Plus, Search } from "lucide-react";
import { useState } from "react";
import type { DocumentRecord } from "../api/documents.ts";
import { ProblemMessage } from "../app/screens.tsx";
import { DocumentRow, SkeletonRow } from "./DocumentRow.tsx";
import styles from "./DocumentsPage.module.css";
import { EmptyList } from "./EmptyList.tsx";
import { RenameDialog } from "./RenameDialog.tsx";
import { useDocumentActions } from "./useDocumentActions.tsx";
import { useDocumentList } from "./useDocumentList.ts";

const SEARCH_DELAY_MS = 200;

/** All documents that this user may open. */
export function DocumentsPage() {
  useDocumentTitle("Documents · Collab");
  const [search, setSearch] = useState("");
  const [settledSearch] = useDebouncedValue(search.trim(), SEARCH_DELAY_MS);
  const { list, reload, loadMore, change, remove } = useDocumentList(settledSearch);
  const actions = useDocumentActions({ restored: change, removed: remove });
  const [renaming, setRenaming] = useState<DocumentRecord>();

  if (list.problem && !list.documents) {
    return <ProblemMessage problem={list.problem} retry={reload} />;
  }

  const untouched = list.documents?.length === 0 && settledSearch === "";
  return (
    <>
      <div className={styles.page}>
        <div className={styles.head}>
          <h1 className={styles.title}>Documents</h1>
          {untouched ? null : (
            <Button
              leftSection={<Plus size={17} aria-hidden />}
              loading={actions.creating}
              onClick={actions.create}
              className={styles.create}
            >
              New document
            </Button>
          )}
        </div>
        {untouched ? (
          <EmptyList create={actions.create} creating={actions.creating} />
        ) : (
          <>
            <TextInput
              className={styles.search}
              type="search"
              size="md"
              aria-label="Search documents"
              placeholder="Search by title"
              leftSection={<Search size={17} aria-hidden />}
              value={search}
              onChange={(event) => setSearch(event.currentTarget.value)}
            />
            <Rows
              documents={list.documents}
              search={settledSearch}
              onRename={setRenaming}
              onDelete={(record) => void actions.remove(record)}
            />
            {list.problem ? (
              <p className={styles.stale} role="alert">
                The server cannot be reached, so this list may be out of date.{" "}
                <Button variant="subtle" size="compact-sm" onClick={reload}>
                  Try again
                </Button>
              </p>
            ) : null}
            {list.hasMore ? (
              <Button variant="default" className={styles.more} loading={list.loadingMore} onClick={loadMore}>
                Load more
              </Button>
            ) : null}
          </>
        )}
      </div>
      {renaming ? <RenameDialog document={renaming} close={() => setRenaming(undefined)} renamed={change} /> : null}
    </>
  );
}

interface RowsProps {
  documents: readonly DocumentRecord[] | undefined;
  search: string;
  onRename: (record: DocumentRecord) => void;
  onDelete: (record: DocumentRecord) => void;
}

function Rows({ documents, search, onRename, onDelete }: RowsProps) {
  if (!documents) {
    return (
      <div className={styles.list} role="status" aria-label="Loading documents">
        {[62, 44, 71, 53, 38].map((width) => (
          <SkeletonRow key={width} width={`${width}%`} />
        ))}
      </div>
    );
  }
  if (documents.length === 0) {
    return <p className={styles.nothing}>No document matches “{search}”.</p>;
  }
  const now = new Date();
  return (
    <ul className={styles.list} aria-label="Documents">
      {documents.map((record) => (
        <DocumentRow key={record.name} document={record} now={now} onRename={onRename} onDelete={onDelete} />
      ))}
    </ul>
  );
}
