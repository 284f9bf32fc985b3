import type { ReactNode } from "react";
import styles from "./Panel.module.css";

interface PageProps {
  title: string;
  /** Whether there are tables, or rows with much beside each other. */
  wide?: boolean;
  children: ReactNode;
}

/** A page of panels, one below the other. */
export function PanelPage({ title, wide = false, children }: PageProps) {
  return (
    <div className={styles.page} data-wide={wide || undefined}>
      <h1 className={styles.title}>{title}</h1>
      {children}
    </div>
  );
}

interface PanelProps {
  /** Of the heading, by which the panel is called. */
  id: string;
  title: string;
  children: ReactNode;
}

export function Panel({ id, title, children }: PanelProps) {
  return (
    <section className={styles.panel} aria-labelledby={id}>
      <h2 id={id} className={styles.heading}>
        {title}
      </h2>
      {children}
    </section>
  );
}

/** Says why something failed; nothing where nothing did. */
export function Failure({ children }: { children: string | undefined }) {
  return (
    <p className={styles.failure} role="alert">
      {children}
    </p>
  );
}

/** Says why what somebody wanted was not done, where it was not. */
export function NotDone({ reason }: { reason: string | undefined }) {
  return <Failure>{reason && `Not done: ${reason}.`}</Failure>;
}
