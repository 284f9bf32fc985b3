import { Button, TextInput } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { findPerson } from "../api/sharing.ts";
import { useSession } from "../app/SessionGate.tsx";
import styles from "../panels/Panel.module.css";

interface Props {
  /** Finds whom to add, adds them, and tells whether that was done. */
  add: (find: () => Promise<string>) => Promise<boolean>;
  /** What else is asked about them. */
  children?: ReactNode;
}

/** Asks whom to add: by their e-mail where people have accounts here, else by their user id. */
export function AddPerson({ add, children }: Props) {
  const { mode } = useSession();
  const [wanted, setWanted] = useState("");
  const byEmail = mode === "account";

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const named = wanted.trim();
    if (await add(async () => (byEmail ? (await findPerson(named)).user_id : named))) setWanted("");
  };

  return (
    <form className={styles.fields} onSubmit={submit}>
      <TextInput
        className={styles.grow}
        label={byEmail ? "Add somebody by their e-mail" : "Add somebody by their user id"}
        type={byEmail ? "email" : "text"}
        required
        withAsterisk={false}
        data-autofocus
        value={wanted}
        onChange={(event) => setWanted(event.currentTarget.value)}
      />
      {children}
      <Button type="submit">Add</Button>
    </form>
  );
}
