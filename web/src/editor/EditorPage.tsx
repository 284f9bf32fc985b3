import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useEffect, useState } from "react";
import {
  changeDocument,
  createDocument,
  type DocumentRecord,
  mayEdit,
  NO_NEW_DOCUMENTS,
  restoreDocument,
} from "../api/documents.ts";
import { asProblem, type Problem, reasonFor } from "../api/problem.ts";
import { Message } from "../app/Message.tsx";
import { HomeButton, ProblemMessage } from "../app/screens.tsx";
import { EditorSkeleton } from "./EditorSkeleton.tsx";
import { useDocumentRecord } from "./useDocumentRecord.ts";
import { Workspace } from "./Workspace.tsx";

/** One document, or what there is to say where it cannot be opened. */
export default function EditorPage({ name }: { name: string }) {
  const { record, problem, reload, replace } = useDocumentRecord(name);
  useDocumentTitle(`${record?.title ?? name} · Collab`);

  if (record?.kind === "richtext") {
    return <Workspace record={record} problem={problem} reload={reload} replace={replace} />;
  }
  if (record) return <ForeignDocument record={record} adopted={replace} />;
  if (problem) return <NotOpened name={name} problem={problem} reload={reload} />;
  return <EditorSkeleton />;
}

function NotOpened({ name, problem, reload }: { name: string; problem: Problem; reload: () => void }) {
  if (problem.kind === "not-found") {
    return (
      <Message
        tone="missing"
        title="There is no document here yet"
        action={
          <Act label="Create it" act={() => createDocument({ name })} done={reload} forbidden={NO_NEW_DOCUMENTS} />
        }
      >
        Nobody has written “{name}” so far. You can be the first.
      </Message>
    );
  }
  if (problem.kind === "deleted") {
    return (
      <Message
        tone="deleted"
        title="This document was deleted"
        action={<Act label="Restore it" act={() => restoreDocument(name)} done={reload} />}
      >
        “{name}” is in the trash with all of its content. Restore it to go on.
      </Message>
    );
  }
  return <ProblemMessage problem={problem} retry={reload} />;
}

interface ActProps {
  label: string;
  act: () => Promise<unknown>;
  done: () => void;
  /** What to say to somebody without the right. */
  forbidden?: string;
}

/** A button for the one thing that helps, which says so where it does not. */
function Act({ label, act, done, forbidden }: ActProps) {
  const [running, setRunning] = useState(false);
  const [failure, setFailure] = useState<string>();

  const run = async () => {
    setRunning(true);
    setFailure(undefined);
    try {
      await act();
      done();
    } catch (error) {
      // Somebody else was quicker, which is as good.
      if (asProblem(error).kind === "exists") done();
      else setFailure(reasonFor(error, forbidden));
      setRunning(false);
    }
  };

  return (
    <>
      <HomeButton />
      <Button onClick={() => void run()} loading={running}>
        {label}
      </Button>
      {failure ? (
        <p role="alert" style={{ flexBasis: "100%", margin: 0, color: "var(--bad)" }}>
          That did not work: {failure}
        </p>
      ) : null}
    </>
  );
}

/** A document that another application made. While it is empty it may become rich text; else its content would be lost in this editor. */
function ForeignDocument({ record, adopted }: { record: DocumentRecord; adopted: (record: DocumentRecord) => void }) {
  const [refused, setRefused] = useState(!mayEdit(record.role));

  useEffect(() => {
    if (refused) return;
    let here = true;
    changeDocument(record.name, { kind: "richtext" }).then(
      (changed) => here && adopted(changed),
      () => here && setRefused(true),
    );
    return () => {
      here = false;
    };
  }, [record.name, refused, adopted]);

  if (!refused) return <EditorSkeleton />;
  return (
    <Message
      tone="missing"
      title="This document belongs to another application"
      action={<HomeButton variant="filled" />}
    >
      What “{record.title}” holds is not in the format of this editor, which would damage it. Open it with the
      application that wrote it.
    </Message>
  );
}
