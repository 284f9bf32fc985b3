import { Button } from "@mantine/core";
import { useEffect, useState } from "react";
import { getWaysIn, listIdentities, signInAddress, unlinkIdentity } from "../api/account.ts";
import { relativeTime } from "../documents/relativeTime.ts";
import panel from "../panels/Panel.module.css";
import { Failure, Panel } from "../panels/Panel.tsx";
import { useList } from "../sharing/useList.ts";
import styles from "./AccountPage.module.css";
import { signInFailure, takeSignInFailure } from "./signInFailure.ts";

/** By whom at the identity provider one may sign in, where this server has a provider. */
export function Identities() {
  const [name, setName] = useState<string | null>(null);
  useEffect(() => {
    getWaysIn().then(
      (ways) => setName(ways.single_sign_on),
      () => setName(null), // the rest of the page tells that the server is away
    );
  }, []);
  return name === null ? null : <Linked name={name} />;
}

function Linked({ name }: { name: string }) {
  const { items, failure, act } = useList(listIdentities);
  const [refused] = useState(takeSignInFailure);
  const trouble = failure ? `Not done: ${failure}.` : refused && signInFailure(refused, name);
  const now = new Date();
  return (
    <Panel id="identities" title="Single sign-on">
      <p className={panel.hint}>{`By these you may sign in with ${name}, instead of with your password.`}</p>
      <Failure>{trouble}</Failure>
      <ul className={panel.list}>
        {items?.map(({ id, email, subject, issuer, last_used_at }) => (
          <li key={id} className={panel.row}>
            <div className={panel.grow}>
              <strong>{email ?? subject}</strong>
              <p className={panel.hint}>{`${issuer} · last used ${relativeTime(new Date(last_used_at), now)}`}</p>
            </div>
            <Button
              variant="default"
              size="xs"
              aria-label={`Unlink ${email ?? subject}`}
              onClick={() => void act(() => unlinkIdentity(id))}
            >
              Unlink
            </Button>
          </li>
        ))}
      </ul>
      <div className={styles.actions}>
        <Button component="a" href={signInAddress("/account", true)} variant="default">
          {`Link ${name}`}
        </Button>
      </div>
    </Panel>
  );
}
