import { Button } from "@mantine/core";
import { Plus } from "lucide-react";
import styles from "./EmptyList.module.css";

/** The first thing a newcomer sees. */
export function EmptyList({ create, creating }: { create: () => void; creating: boolean }) {
  return (
    <section className={styles.empty} aria-label="No documents yet">
      <Drawing />
      <h2 className={styles.title}>Write your first document</h2>
      <p className={styles.text}>
        Headings, lists and tables, with everybody in the same page at once. Open it in a second window to see it
        happen.
      </p>
      <Button size="md" leftSection={<Plus size={18} aria-hidden />} loading={creating} onClick={create}>
        New document
      </Button>
    </section>
  );
}

function Drawing() {
  return (
    <svg className={styles.drawing} viewBox="0 0 220 132" aria-hidden="true">
      <rect x="38" y="8" width="144" height="116" rx="12" className={styles.sheet} />
      <rect x="56" y="28" width="68" height="10" rx="5" className={styles.strong} />
      <rect x="56" y="52" width="108" height="6" rx="3" className={styles.line} />
      <rect x="56" y="66" width="92" height="6" rx="3" className={styles.line} />
      <rect x="56" y="90" width="100" height="6" rx="3" className={styles.line} />
      <rect x="56" y="104" width="58" height="6" rx="3" className={styles.line} />
      <rect x="148" y="60" width="2" height="18" fill="#0c7a6f" />
      <rect x="148" y="46" width="44" height="16" rx="5" fill="#0c7a6f" />
      <rect x="114" y="98" width="2" height="18" fill="#c02d74" />
      <rect x="114" y="84" width="38" height="16" rx="5" fill="#c02d74" />
      <path d="M155 54h30M121 92h24" stroke="#fff" strokeWidth="3" strokeLinecap="round" />
    </svg>
  );
}
