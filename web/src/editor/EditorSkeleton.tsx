import { Skeleton } from "@mantine/core";
import styles from "./Page.module.css";

/** The page before there is anything to show on it. */
export function EditorSkeleton() {
  return (
    <div className={styles.page}>
      <ContentSkeleton />
    </div>
  );
}

export function ContentSkeleton() {
  return (
    <div className={styles.skeleton} role="status" aria-label="Loading the document">
      <Skeleton height={38} width="55%" mb={30} radius={8} />
      {["92%", "97%", "64%", "88%", "41%"].map((width) => (
        <Skeleton key={width} height={14} width={width} mb={16} />
      ))}
    </div>
  );
}
