import { Button, NativeSelect, TextInput } from "@mantine/core";
import { type FormEvent, useCallback, useState } from "react";
import type { Role } from "../api/documents.ts";
import { listKeys, makeKey, revokeKey } from "../api/keys.ts";
import { relativeTime } from "../documents/relativeTime.ts";
import panel from "../panels/Panel.module.css";
import { NotDone, Panel } from "../panels/Panel.tsx";
import { CopyOnce } from "../sharing/CopyOnce.tsx";
import { RoleSelect } from "../sharing/RoleSelect.tsx";
import { useList } from "../sharing/useList.ts";
import styles from "./AccountPage.module.css";

const DAY_MS = 24 * 60 * 60 * 1000;
const LIFETIMES = [
  { value: "90", label: "for 90 days" },
  { value: "365", label: "for a year" },
  { value: "", label: "for good" },
];

/** Keys by which programs act as the account, and may do no more than the keys say. */
export function ApiKeys() {
  const { items, failure, act } = useList(listKeys);
  const [name, setName] = useState("");
  const [documents, setDocuments] = useState("");
  const [role, setRole] = useState<Role>("reader");
  const [days, setDays] = useState("90");
  const [secret, setSecret] = useState<string>();
  const now = new Date();

  const make = useCallback(
    async (event: FormEvent) => {
      event.preventDefault();
      const end = days ? { expires_at: new Date(Date.now() + Number(days) * DAY_MS).toISOString() } : {};
      const made = await act(async () => setSecret(await makeKey({ name, documents: { [documents]: role }, ...end })));
      if (made) setName("");
    },
    [act, name, documents, role, days],
  );

  return (
    <Panel id="api-keys" title="API keys">
      <p className={panel.hint}>
        A program that shows one acts as you, in these documents, and may do this at most. Treat it as your password.
      </p>
      {secret ? <CopyOnce label="Your new key, shown this once" text={secret} /> : null}
      <form className={styles.form} onSubmit={make}>
        <TextInput
          label="What it is for"
          required
          withAsterisk={false}
          maxLength={255}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput
          label="Documents"
          description="A name, or how names begin and a star: notes/*"
          required
          withAsterisk={false}
          maxLength={256}
          value={documents}
          onChange={(event) => setDocuments(event.currentTarget.value)}
        />
        <RoleSelect label="What it may do" labelled value={role} change={setRole} />
        <NativeSelect
          label="It is good"
          data={LIFETIMES}
          value={days}
          onChange={(event) => setDays(event.currentTarget.value)}
        />
        <Button type="submit" className={styles.submit}>
          Make a key
        </Button>
      </form>
      <NotDone reason={failure} />
      <ul className={panel.list}>
        {items?.map((key) => (
          <li key={key.id} className={panel.row}>
            <div className={panel.grow}>
              <strong>{key.name}</strong>
              <p className={panel.hint}>
                {[
                  ...Object.entries(key.documents).map(([pattern, granted]) => `${granted} of ${pattern}`),
                  ...(key.admin ? ["admin"] : []),
                  key.used_at ? `last used ${relativeTime(new Date(key.used_at), now)}` : "never used",
                  ...(key.expires_at ? [endOf(new Date(key.expires_at), now)] : []),
                ].join(" · ")}
              </p>
            </div>
            <Button
              variant="default"
              size="xs"
              aria-label={`Revoke ${key.name}`}
              onClick={() => void act(() => revokeKey(key.id))}
            >
              Revoke
            </Button>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function endOf(end: Date, now: Date): string {
  return end <= now ? "expired" : `until ${end.toLocaleDateString()}`;
}
