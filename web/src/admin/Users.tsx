import "@mantine/core/styles/Badge.layer.css";
import "@mantine/core/styles/Checkbox.layer.css";
import "@mantine/core/styles/InlineInput.layer.css";
import { Badge, Button, Checkbox, Menu, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { Ellipsis, Search } from "lucide-react";
import { type FormEvent, useCallback, useEffect, useState } from "react";
import { changeUser, invite, listUsers, type ManagedUser, offerReset } from "../api/admin.ts";
import { reasonFor } from "../api/problem.ts";
import { useSession } from "../app/SessionGate.tsx";
import panel from "../panels/Panel.module.css";
import { NotDone, Panel } from "../panels/Panel.tsx";
import { CopyOnce } from "../sharing/CopyOnce.tsx";
import styles from "./Admin.module.css";

const SEARCH_DELAY_MS = 200;

interface Handout {
  label: string;
  path: string;
}

/** Everybody's accounts. */
export function Users() {
  const [search, setSearch] = useState("");
  const [settled] = useDebouncedValue(search.trim(), SEARCH_DELAY_MS);
  const [users, setUsers] = useState<ManagedUser[]>();
  const [cursor, setCursor] = useState<string | null>(null);
  const [failure, setFailure] = useState<string>();
  const [handout, setHandout] = useState<Handout>();

  const attempt = useCallback(async (work: () => Promise<void>) => {
    setFailure(undefined);
    try {
      await work();
    } catch (error) {
      setFailure(reasonFor(error));
    }
  }, []);
  useEffect(() => {
    let here = true;
    void attempt(async () => {
      const page = await listUsers(settled);
      if (!here) return;
      setUsers(page.users);
      setCursor(page.next_cursor);
    });
    return () => {
      here = false;
    };
  }, [settled, attempt]);

  const more = () =>
    attempt(async () => {
      const page = await listUsers(settled, cursor ?? undefined);
      setUsers((shown) => [...(shown ?? []), ...page.users]);
      setCursor(page.next_cursor);
    });
  const change = (user: ManagedUser, changes: { admin?: boolean; disabled?: boolean }) =>
    attempt(async () => {
      const changed = await changeUser(user.user_id, changes);
      setUsers((shown) => shown?.map((each) => (each.user_id === changed.user_id ? changed : each)));
    });
  const reset = (user: ManagedUser) =>
    attempt(async () =>
      setHandout({
        label: `For ${user.name}, to set another password within a day`,
        path: await offerReset(user.user_id),
      }),
    );

  return (
    <Panel id="admin-users" title="People">
      <InviteForm
        invite={(email, admin) =>
          attempt(async () =>
            setHandout({
              label: `For ${email || "one person"}, to make an account within two weeks`,
              path: await invite(email, admin),
            }),
          )
        }
      />
      {handout ? <CopyOnce label={handout.label} text={window.location.origin + handout.path} /> : null}
      <NotDone reason={failure} />
      <TextInput
        type="search"
        aria-label="Search people"
        placeholder="Search by name or e-mail"
        leftSection={<Search size={17} aria-hidden />}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      <ul className={panel.list}>
        {users?.map((user) => (
          <UserRow
            key={user.user_id}
            user={user}
            change={(changes) => void change(user, changes)}
            reset={() => void reset(user)}
          />
        ))}
      </ul>
      {users?.length === 0 ? <p className={panel.hint}>Nobody is called that.</p> : null}
      {cursor ? (
        <Button variant="default" onClick={() => void more()}>
          Show more people
        </Button>
      ) : null}
    </Panel>
  );
}

function InviteForm({ invite: send }: { invite: (email: string, admin: boolean) => Promise<void> }) {
  const [email, setEmail] = useState("");
  const [admin, setAdmin] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    await send(email.trim(), admin);
    setEmail("");
  };
  return (
    <form className={panel.fields} onSubmit={submit}>
      <TextInput
        className={panel.grow}
        label="Invite somebody"
        type="email"
        description="Without an e-mail it is for whoever has the link."
        placeholder="Their e-mail"
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <Checkbox
        className={styles.check}
        label="As an admin"
        checked={admin}
        onChange={(event) => setAdmin(event.currentTarget.checked)}
      />
      <Button type="submit">Make an invitation</Button>
    </form>
  );
}

interface RowProps {
  user: ManagedUser;
  change: (changes: { admin?: boolean; disabled?: boolean }) => void;
  reset: () => void;
}

function UserRow({ user, change, reset }: RowProps) {
  const { user: self } = useSession();
  const isDisabled = user.disabled_at !== null;
  return (
    <li className={panel.row}>
      <div className={panel.grow}>
        <strong>{user.name}</strong> {user.user_id === self?.id ? "(you)" : null}
        <p className={panel.hint}>{user.email}</p>
      </div>
      {user.admin ? <Badge variant="light">Admin</Badge> : null}
      {isDisabled ? (
        <Badge variant="light" color="red">
          Disabled
        </Badge>
      ) : null}
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Button variant="subtle" color="gray" size="compact-md" aria-label={`What to do about ${user.name}`}>
            <Ellipsis size={18} aria-hidden />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => change({ admin: !user.admin })}>
            {user.admin ? "Make no admin" : "Make an admin"}
          </Menu.Item>
          <Menu.Item onClick={reset}>Let set another password</Menu.Item>
          <Menu.Item {...(isDisabled ? {} : { color: "red" })} onClick={() => change({ disabled: !isDisabled })}>
            {isDisabled ? "Let sign in again" : "Keep from signing in"}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </li>
  );
}
