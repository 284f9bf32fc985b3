import { CircleAlert, FileQuestion, KeyRound, type LucideIcon, Trash2, WifiOff } from "lucide-react";
import type { ReactNode } from "react";
import styles from "./Message.module.css";

const ICONS = {
  away: WifiOff,
  bad: CircleAlert,
  deleted: Trash2,
  key: KeyRound,
  missing: FileQuestion,
} satisfies Record<string, LucideIcon>;

interface Props {
  tone: keyof typeof ICONS;
  title: string;
  children: ReactNode;
  action?: ReactNode;
}

/** A page's whole content when there is nothing else to show: what is the matter, and what to do about it. */
export function Message({ tone, title, children, action }: Props) {
  const Icon = ICONS[tone];
  return (
    <div className={styles.message} role={tone === "bad" || tone === "away" ? "alert" : undefined}>
      <span className={styles.icon} data-tone={tone}>
        <Icon size={26} strokeWidth={1.75} aria-hidden />
      </span>
      <h1 className={styles.title}>{title}</h1>
      <p className={styles.text}>{children}</p>
      {action ? <div className={styles.actions}>{action}</div> : null}
    </div>
  );
}
