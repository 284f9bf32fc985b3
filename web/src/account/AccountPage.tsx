import "@mantine/core/styles/ColorInput.layer.css";
import "@mantine/core/styles/ColorPicker.layer.css";
import "@mantine/core/styles/ColorSwatch.layer.css";
import "@mantine/core/styles/PasswordInput.layer.css";
import { Button, ColorInput, PasswordInput, TextInput } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { type FormEvent, type ReactNode, useCallback, useEffect, useState } from "react";
import {
  type Account,
  type BrowserSession,
  changePassword,
  changeProfile,
  endSession,
  getAccount,
  listSessions,
  type OwnAccount,
} from "../api/account.ts";
import { asProblem, type Problem, reasonFor } from "../api/problem.ts";
import { ProblemMessage } from "../app/screens.tsx";
import { relativeTime } from "../documents/relativeTime.ts";
import panel from "../panels/Panel.module.css";
import { NotDone, Panel, PanelPage } from "../panels/Panel.tsx";
import { PALETTE } from "../presence/colors.ts";
import styles from "./AccountPage.module.css";
import { ApiKeys } from "./ApiKeys.tsx";
import { browserName } from "./browserName.ts";
import { Identities } from "./Identities.tsx";
import { NewPassword } from "./NewPassword.tsx";

/** What somebody who has an account does with it: name and colour, password, where they are signed in. */
export function AccountPage() {
  useDocumentTitle("Your account · Collab");
  const [account, setAccount] = useState<OwnAccount>();
  const [problem, setProblem] = useState<Problem>();
  const load = useCallback(() => {
    getAccount().then(setAccount, (error: unknown) => setProblem(asProblem(error)));
  }, []);
  useEffect(load, [load]);

  return (
    <>
      {problem ? <ProblemMessage problem={problem} retry={load} /> : null}
      {account ? (
        <PanelPage title="Your account">
          <p className={styles.email}>{account.email}</p>
          <ProfileForm account={account} />
          {account.has_password ? <PasswordForm /> : null}
          <Identities />
          <Sessions />
          <ApiKeys />
        </PanelPage>
      ) : null}
    </>
  );
}

interface SectionProps {
  title: string;
  action: string;
  done: string;
  submit: () => Promise<void>;
  children: ReactNode;
}

function Section({ title, action, done, submit, children }: SectionProps) {
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<{ text: string; bad: boolean }>();
  const send = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await submit();
      setOutcome({ text: done, bad: false });
    } catch (error) {
      setOutcome({ text: `Not done: ${reasonFor(error, asProblem(error).message)}.`, bad: true });
    }
    setBusy(false);
  };
  return (
    <form className={panel.panel} onSubmit={send}>
      <h2 className={panel.heading}>{title}</h2>
      {children}
      <div className={styles.actions}>
        <Button type="submit" loading={busy}>
          {action}
        </Button>
        <span className={styles.outcome} data-bad={outcome?.bad || undefined} role="status">
          {outcome?.text}
        </span>
      </div>
    </form>
  );
}

function ProfileForm({ account }: { account: Account }) {
  const [name, setName] = useState(account.name);
  const [color, setColor] = useState(account.color ?? "");
  const [picture, setPicture] = useState(account.picture ?? "");
  return (
    <Section
      title="Profile"
      action="Save profile"
      done="Saved. Others see it in what you open from now on."
      submit={async () => {
        await changeProfile({ name, color, picture });
      }}
    >
      <TextInput
        label="Your name"
        required
        withAsterisk={false}
        maxLength={255}
        autoComplete="name"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <ColorInput
        label="Your colour"
        description="Of your cursor. Empty: the server chooses one."
        format="hex"
        eyeDropperButtonProps={{ "aria-label": "Take a colour from the screen" }}
        swatches={PALETTE.map(({ value }) => value)}
        value={color}
        onChange={setColor}
      />
      <TextInput
        label="Your picture"
        description="Its address on the web. Empty: your initials."
        type="url"
        maxLength={2048}
        value={picture}
        onChange={(event) => setPicture(event.currentTarget.value)}
      />
    </Section>
  );
}

function PasswordForm() {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  return (
    <Section
      title="Password"
      action="Change password"
      done="Changed. You are signed out everywhere else."
      submit={async () => {
        await changePassword(current, next);
        setCurrent("");
        setNext("");
      }}
    >
      <PasswordInput
        label="Current password"
        autoComplete="current-password"
        required
        withAsterisk={false}
        value={current}
        onChange={(event) => setCurrent(event.currentTarget.value)}
      />
      <NewPassword label="New password" value={next} change={setNext} />
    </Section>
  );
}

function Sessions() {
  const [sessions, setSessions] = useState<BrowserSession[]>();
  const [failure, setFailure] = useState<string>();
  const load = useCallback(() => {
    listSessions().then(setSessions, (error: unknown) => setFailure(reasonFor(error)));
  }, []);
  useEffect(load, [load]);
  const end = async (id: number) => {
    try {
      await endSession(id);
      load();
    } catch (error) {
      setFailure(reasonFor(error));
    }
  };
  const now = new Date();
  return (
    <Panel id="signed-in" title="Where you are signed in">
      <NotDone reason={failure} />
      <ul className={panel.list}>
        {sessions?.map((session) => (
          <li key={session.id} className={panel.row}>
            <div className={panel.grow}>
              <strong>{browserName(session.agent)}</strong>
              <p className={panel.hint}>
                {session.current ? "This browser" : `Last used ${relativeTime(new Date(session.seen_at), now)}`}
                {session.address ? ` · ${session.address}` : ""}
              </p>
            </div>
            {session.current ? null : (
              <Button variant="default" size="xs" onClick={() => void end(session.id)}>
                Sign out
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
