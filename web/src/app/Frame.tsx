import { createContext, type ReactNode, useContext, useState } from "react";
import { createPortal } from "react-dom";
import { ProfileMenu } from "../presence/ProfileMenu.tsx";
import { ThemeMenu } from "../theme/ThemeMenu.tsx";
import styles from "./Frame.module.css";
import { Link } from "./Link.tsx";
import { Logo } from "./Logo.tsx";

interface Places {
  /** Beside the logo. */
  status: HTMLElement | null;
  /** Before the theme and the profile. */
  tools: HTMLElement | null;
}

const PlacesContext = createContext<Places>({ status: null, tools: null });

interface Props {
  children: ReactNode;
  /** Whether a narrow screen keeps the room beside the logo for the page's status. */
  hasStatus: boolean;
}

/** What every page has around it. It stays while one page takes the place of another, and with it what is open in it. */
export function Frame({ children, hasStatus }: Props) {
  const [status, setStatus] = useState<HTMLElement | null>(null);
  const [tools, setTools] = useState<HTMLElement | null>(null);
  return (
    <>
      <header className={styles.header}>
        <Link href="/" className={styles.home} aria-label="Collab: all documents">
          <Logo />
          <span className={styles.wordmark} data-alone={!hasStatus || undefined}>
            Collab
          </span>
        </Link>
        <div ref={setStatus} className={styles.status} />
        <div className={styles.tools}>
          <div ref={setTools} className={styles.ofPage} />
          <ThemeMenu />
          <ProfileMenu />
        </div>
      </header>
      <main className={styles.main}>
        <PlacesContext value={{ status, tools }}>{children}</PlacesContext>
      </main>
    </>
  );
}

/** Shows something of a page in the frame around it. */
export function InFrame({ place, children }: { place: keyof Places; children: ReactNode }) {
  const there = useContext(PlacesContext)[place];
  return there ? createPortal(children, there) : null;
}
