import "@mantine/core/styles/PasswordInput.layer.css";
import { ActionIcon, Button, Checkbox, NativeSelect, PasswordInput, Tooltip } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { Check, Copy } from "lucide-react";
import { type FormEvent, useCallback, useState } from "react";
import type { Role } from "../api/documents.ts";
import { listLinks, makeLink, ROLES, revokeLink, type ShareLink } from "../api/sharing.ts";
import panel from "../panels/Panel.module.css";
import { NotDone } from "../panels/Panel.tsx";
import { RemoveButton } from "./RemoveButton.tsx";
import { RoleSelect } from "./RoleSelect.tsx";
import styles from "./Sharing.module.css";
import { useList } from "./useList.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const LIFETIMES = [
  { value: "", label: "for good" },
  { value: "1", label: "for a day" },
  { value: "7", label: "for a week" },
  { value: "30", label: "for a month" },
];

/** The links by which whoever has one comes into a document. */
export function Links({ document }: { document: string }) {
  const { items, failure, act } = useList(useCallback(() => listLinks(document), [document]));
  const [role, setRole] = useState<Role>("reader");
  const [guests, setGuests] = useState(true);
  const [password, setPassword] = useState("");
  const [days, setDays] = useState("");

  const make = async (event: FormEvent) => {
    event.preventDefault();
    const made = await act(() =>
      makeLink(document, {
        role,
        guests,
        ...(password ? { password } : {}),
        ...(days ? { expires_at: new Date(Date.now() + Number(days) * DAY_MS).toISOString() } : {}),
      }),
    );
    if (made) setPassword("");
  };

  return (
    <section className={styles.part} aria-labelledby="share-links">
      <h2 id="share-links" className={styles.heading}>
        Links
      </h2>
      <form className={panel.fields} onSubmit={make}>
        <RoleSelect label="Whoever has the link" labelled owners={false} value={role} change={setRole} />
        <NativeSelect
          label="It is good"
          data={LIFETIMES}
          value={days}
          onChange={(event) => setDays(event.currentTarget.value)}
        />
        <PasswordInput
          className={panel.grow}
          label="Password"
          placeholder="None"
          autoComplete="new-password"
          minLength={10}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Checkbox
          className={styles.wide}
          label="Also for people who have not signed in"
          checked={guests}
          onChange={(event) => setGuests(event.currentTarget.checked)}
        />
        <Button type="submit">Make a link</Button>
      </form>
      <NotDone reason={failure} />
      <ul className={panel.list}>
        {items?.map((link) => (
          <LinkRow key={link.id} link={link} revoke={() => void act(() => revokeLink(document, link.id))} />
        ))}
      </ul>
    </section>
  );
}

function LinkRow({ link, revoke }: { link: ShareLink; revoke: () => void }) {
  const clipboard = useClipboard({ timeout: 2000 });
  const described = describe(link, new Date());
  const copy = clipboard.copied ? "Copied" : `Copy link ${link.id}`;
  return (
    <li className={panel.row}>
      <span className={panel.grow}>{described}</span>
      <Tooltip label={clipboard.copied ? "Copied" : "Copy"} withArrow>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={36}
          aria-label={copy}
          onClick={() => clipboard.copy(window.location.origin + link.path)}
        >
          {clipboard.copied ? <Check size={17} aria-hidden /> : <Copy size={17} aria-hidden />}
        </ActionIcon>
      </Tooltip>
      <RemoveButton label={`Revoke link ${link.id}`} remove={revoke} />
    </li>
  );
}

function describe(link: ShareLink, now: Date): string {
  const role = ROLES.find(({ value }) => value === link.role)?.label ?? link.role;
  const parts = [role, link.guests ? "guests too" : "signed in only"];
  if (link.has_password) parts.push("with a password");
  if (link.expires_at !== null) {
    const end = new Date(link.expires_at);
    parts.push(end <= now ? "expired" : `until ${end.toLocaleDateString()}`);
  }
  return parts.join(" · ");
}
