import "@mantine/core/styles/Combobox.layer.css";
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import type { AuditQuery } from "../api/admin.ts";
import panel from "../panels/Panel.module.css";
import { Failure, Panel } from "../panels/Panel.tsx";
import styles from "./Admin.module.css";
import { ACTIONS, describe } from "./auditWords.ts";
import { useAuditLog } from "./useAuditLog.ts";

const SEARCH_DELAY_MS = 300;
const EVERYTHING: AuditQuery = { action: "", actor: "", address: "", document: "", subject: "", since: "", until: "" };

const FIELDS = [
  { name: "actor", label: "By the user", type: "text" },
  { name: "address", label: "From the address", type: "text" },
  { name: "document", label: "To the document", type: "text" },
  { name: "subject", label: "To the user, link or key", type: "text" },
  { name: "since", label: "Since", type: "datetime-local" },
  { name: "until", label: "Until", type: "datetime-local" },
] as const;

/** What was done about who may do what; the newest first. */
export function AuditLog() {
  const [query, setQuery] = useState(EVERYTHING);
  const [settled] = useDebouncedValue(query, SEARCH_DELAY_MS);
  const { entries, failure, more } = useAuditLog(settled);
  const change = (name: keyof AuditQuery, value: string) => setQuery((now) => ({ ...now, [name]: value }));

  return (
    <Panel id="admin-audit" title="Audit log">
      <div className={styles.filters}>
        <NativeSelect
          label="What was done"
          data={[
            { value: "", label: "Anything" },
            ...Object.entries(ACTIONS).map(([value, label]) => ({ value, label })),
          ]}
          value={query.action}
          onChange={(event) => change("action", event.currentTarget.value)}
        />
        {FIELDS.map(({ name, label, type }) => (
          <TextInput
            key={name}
            label={label}
            type={type}
            value={query[name]}
            onChange={(event) => change(name, event.currentTarget.value)}
          />
        ))}
      </div>
      <Failure>{failure && `Not read: ${failure}.`}</Failure>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: where it is narrower than the table, it is scrolled by the keyboard too */}
      <section className={styles.scroll} aria-label="Entries" tabIndex={0}>
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
      </section>
      {entries?.length === 0 ? <p className={panel.hint}>Nothing of this kind was done.</p> : null}
      {more ? (
        <Button variant="default" onClick={more}>
          Show more entries
        </Button>
      ) : null}
    </Panel>
  );
}
