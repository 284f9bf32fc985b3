import type { ReactNode } from "react";
import { ProfileMenu } from "../presence/ProfileMenu.tsx";
import { ThemeMenu } from "../theme/ThemeMenu.tsx";
import styles from "./Frame.module.css";
import { Link } from "./Link.tsx";
import { Logo } from "./Logo.tsx";

interface Props {
  children: ReactNode;
  /** Beside the logo. */
  status?: ReactNode;
  /** Before the theme and the profile. */
  tools?: ReactNode;
}

/** What every page has around it. */
export function Frame({ children, status, tools }: Props) {
  return (
    <>
      <header className={styles.header}>
        <Link href="/" className={styles.home} aria-label="Collab: all documents">
          <Logo />
          <span className={styles.wordmark} data-alone={status === undefined || undefined}>
            Collab
          </span>
        </Link>
        <div className={styles.status}>{status}</div>
        <div className={styles.tools}>
          {tools}
          <ThemeMenu />
          <ProfileMenu />
        </div>
      </header>
      <main className={styles.main}>{children}</main>
    </>
  );
}
