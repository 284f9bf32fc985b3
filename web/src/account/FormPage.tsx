import "@mantine/core/styles/PasswordInput.layer.css";
import { Button } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { reasonFor } from "../api/problem.ts";
import { Logo } from "../app/Logo.tsx";
import styles from "./FormPage.module.css";

interface Props {
  title: string;
  action: string;
  /** Below the title: what this is for. */
  children?: ReactNode;
  fields: ReactNode;
  /** Below the button: another way to the same end. */
  alternative?: ReactNode;
  /** Below the buttons. */
  hint?: ReactNode;
  /** What to say at first. */
  trouble?: string | undefined;
  submit: () => Promise<void>;
}

/** A page that asks for one thing before anything else can be shown. */
export function FormPage({ title, action, children, fields, alternative, hint, trouble, submit }: Props) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | undefined>();

  const send = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure("");
    try {
      await submit();
    } catch (error) {
      setFailure(sentence(reasonFor(error, String((error as Error).message))));
    }
    setBusy(false);
  };

  return (
    <div className={styles.page}>
      <form className={styles.card} onSubmit={send} aria-labelledby="form-title">
        <Logo />
        <h1 id="form-title" className={styles.title}>
          {title}
        </h1>
        {children ? <p className={styles.text}>{children}</p> : null}
        {fields}
        <p className={styles.failure} role="alert">
          {failure ?? trouble}
        </p>
        <Button type="submit" size="md" fullWidth loading={busy}>
          {action}
        </Button>
        {alternative}
        {hint ? <p className={styles.hint}>{hint}</p> : null}
      </form>
    </div>
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
