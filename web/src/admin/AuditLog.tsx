import "@mantine/core/styles/Combobox.layer.css";
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useCallback, useEffect, useState } from "react";
import { type AuditEntry, readAuditLog } from "../api/admin.ts";
import { reasonFor } from "../api/problem.ts";
import panel from "../panels/Panel.module.css";
import { Failure, Panel } from "../panels/Panel.tsx";
import styles from "./Admin.module.css";
import { ACTIONS, describe } from "./auditWords.ts";

const SEARCH_DELAY_MS = 300;

/** What was done about who may do what; the newest first. */
export function AuditLog() {
  const [action, setAction] = useState("");
  const [actor, setActor] = useState("");
  const [document, setDocument] = useState("");
  const [settledActor] = useDebouncedValue(actor.trim(), SEARCH_DELAY_MS);
  const [settledDocument] = useDebouncedValue(document.trim(), SEARCH_DELAY_MS);
  const [entries, setEntries] = useState<AuditEntry[]>();
  const [before, setBefore] = useState<number | null>(null);
  const [failure, setFailure] = useState<string>();

  const read = useCallback(
    async (from?: number) => {
      const query = { action, actor: settledActor, document: settledDocument };
      return readAuditLog(from === undefined ? query : { ...query, before: from });
    },
    [action, settledActor, settledDocument],
  );
  useEffect(() => {
    let here = true;
    read().then(
      (page) => {
        if (!here) return;
        setEntries(page.entries);
        setBefore(page.next_before);
        setFailure(undefined);
      },
      (error: unknown) => here && setFailure(reasonFor(error)),
    );
    return () => {
      here = false;
    };
  }, [read]);
  const more = async () => {
    try {
      const page = await read(before ?? undefined);
      setEntries((shown) => [...(shown ?? []), ...page.entries]);
      setBefore(page.next_before);
    } catch (error) {
      setFailure(reasonFor(error));
    }
  };

  return (
    <Panel id="admin-audit" title="Audit log">
      <div className={panel.fields}>
        <NativeSelect
          label="What was done"
          data={[
            { value: "", label: "Anything" },
            ...Object.entries(ACTIONS).map(([value, label]) => ({ value, label })),
          ]}
          value={action}
          onChange={(event) => setAction(event.currentTarget.value)}
        />
        <TextInput
          className={panel.grow}
          label="By the user"
          value={actor}
          onChange={(event) => setActor(event.currentTarget.value)}
        />
        <TextInput
          className={panel.grow}
          label="To the document"
          value={document}
          onChange={(event) => setDocument(event.currentTarget.value)}
        />
      </div>
      <Failure>{failure && `Not read: ${failure}.`}</Failure>
      <div className={styles.scroll}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">What</th>
              <th scope="col">By</th>
              <th scope="col">From</th>
            </tr>
          </thead>
          <tbody>
            {entries?.map((entry) => (
              <tr key={entry.id}>
                <td>
                  <time dateTime={entry.at}>{new Date(entry.at).toLocaleString()}</time>
                </td>
                <td>{describe(entry)}</td>
                <td title={entry.actor}>
                  {entry.actor_name || entry.actor || (entry.address === null ? "the terminal" : "nobody known")}
                </td>
                <td>{entry.address}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {entries?.length === 0 ? <p className={panel.hint}>Nothing of this kind was done.</p> : null}
      {before === null ? null : (
        <Button variant="default" onClick={() => void more()}>
          Show more entries
        </Button>
      )}
    </Panel>
  );
}
