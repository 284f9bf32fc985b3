import { Button, Popover, TextInput, UnstyledButton } from "@mantine/core";
import { Check, Dices } from "lucide-react";
import { useId, useState } from "react";
import { signOut } from "../api/account.ts";
import { Link } from "../app/Link.tsx";
import { useSession } from "../app/SessionGate.tsx";
import { PALETTE } from "./colors.ts";
import { changeGuest } from "./guest.ts";
import { cleanName, inventName, MAX_NAME_LENGTH } from "./names.ts";
import { PersonAvatar } from "./PersonAvatar.tsx";
import styles from "./ProfileMenu.module.css";
import type { Person } from "./person.ts";
import { useSelf } from "./self.ts";

/** Shows who we are; a guest changes name and colour here, and the others see it at once. */
export function ProfileMenu() {
  const { person, editable } = useSelf();
  const { mode, user } = useSession();
  const [opened, setOpened] = useState(false);
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={280} shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <UnstyledButton
          className={styles.target}
          aria-label={`You are ${person.name}. Profile`}
          onClick={() => setOpened(!opened)}
        >
          <PersonAvatar person={person} />
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown>
        {editable ? (
          <GuestForm guest={person} />
        ) : (
          <KnownPerson
            person={person}
            hasAccount={mode === "account"}
            admin={user?.admin === true}
            left={() => setOpened(false)}
          />
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

interface KnownProps {
  person: Person;
  hasAccount: boolean;
  admin: boolean;
  /** Called when a link to a page was followed. */
  left: () => void;
}

function KnownPerson({ person, hasAccount, admin, left }: KnownProps) {
  return (
    <div className={styles.known}>
      <PersonAvatar person={person} size={40} />
      <div>
        <strong>{person.name}</strong>
        {hasAccount ? (
          <div className={styles.account}>
            <Link href="/account" onClick={left}>
              Your account
            </Link>
            <Link href="/workspaces" onClick={left}>
              Workspaces
            </Link>
            {admin ? (
              <Link href="/admin" onClick={left}>
                Administration
              </Link>
            ) : null}
            <Button variant="default" size="xs" onClick={() => void leave()}>
              Sign out
            </Button>
          </div>
        ) : (
          <p className={styles.hint}>Your name comes from the application that brought you here.</p>
        )}
      </div>
    </div>
  );
}

async function leave(): Promise<void> {
  try {
    await signOut();
  } finally {
    window.location.assign("/");
  }
}

function GuestForm({ guest }: { guest: Person }) {
  const [name, setName] = useState(guest.name);
  const colorLabel = useId();

  const rename = (value: string) => {
    setName(value);
    const clean = cleanName(value);
    if (clean) changeGuest({ name: clean });
  };

  return (
    <div className={styles.form}>
      <TextInput
        label="Your name"
        description="Others see it at your cursor."
        value={name}
        maxLength={MAX_NAME_LENGTH}
        autoComplete="nickname"
        data-autofocus
        onChange={(event) => rename(event.currentTarget.value)}
        onBlur={() => setName(guest.name)}
        error={cleanName(name) ? undefined : `Empty: you stay ${guest.name}.`}
      />
      <div>
        <span id={colorLabel} className={styles.label}>
          Your colour
        </span>
        <div role="radiogroup" aria-labelledby={colorLabel} className={styles.colors}>
          {PALETTE.map(({ name: colorName, value }) => (
            <label key={value} className={styles.color} style={{ background: value }}>
              <input
                type="radio"
                name="guest-color"
                aria-label={colorName}
                checked={guest.color === value}
                onChange={() => changeGuest({ color: value })}
              />
              <Check size={16} strokeWidth={3} aria-hidden />
            </label>
          ))}
        </div>
      </div>
      <Button
        variant="default"
        size="xs"
        leftSection={<Dices size={15} aria-hidden />}
        onClick={() => rename(inventName())}
      >
        Another name
      </Button>
    </div>
  );
}
