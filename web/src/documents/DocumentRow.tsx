import { ActionIcon, Menu, Skeleton } from "@mantine/core";
import { Ellipsis, FileText, Pencil, SquareArrowOutUpRight, Trash2 } from "lucide-react";
import { type DocumentRecord, mayEdit } from "../api/documents.ts";
import { Link } from "../app/Link.tsx";
import { documentPath } from "../app/routes.ts";
import styles from "./DocumentRow.module.css";
import { relativeTime } from "./relativeTime.ts";
import { isUntitled } from "./titles.ts";

interface Props {
  document: DocumentRecord;
  now: Date;
  onRename: (record: DocumentRecord) => void;
  onDelete: (record: DocumentRecord) => void;
}

export function DocumentRow({ document: record, now, onRename, onDelete }: Props) {
  const changed = new Date(record.updated_at);
  return (
    <li className={styles.row}>
      <span className={styles.icon}>
        <FileText size={19} strokeWidth={1.75} aria-hidden />
      </span>
      <div className={styles.text}>
        <Link
          href={documentPath(record.name)}
          className={styles.title}
          data-untitled={isUntitled(record.title) || undefined}
        >
          {record.title}
        </Link>
        <span className={styles.detail}>
          <time dateTime={record.updated_at} title={changed.toLocaleString()}>
            Edited {relativeTime(changed, now)}
          </time>
          {record.kind === "yjs" ? <span className={styles.badge}>other app</span> : null}
          {mayEdit(record.role) ? null : <span className={styles.badge}>read only</span>}
        </span>
      </div>
      <RowMenu document={record} onRename={onRename} onDelete={onDelete} />
    </li>
  );
}

function RowMenu({ document: record, onRename, onDelete }: Omit<Props, "now">) {
  return (
    <Menu position="bottom-end" width={190} shadow="md" withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={40}
          className={styles.menu}
          aria-label={`Actions for ${record.title}`}
        >
          <Ellipsis size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          component="a"
          href={documentPath(record.name)}
          target="_blank"
          leftSection={<SquareArrowOutUpRight size={16} aria-hidden />}
        >
          Open in new tab
        </Menu.Item>
        {mayEdit(record.role) ? (
          <Menu.Item leftSection={<Pencil size={16} aria-hidden />} onClick={() => onRename(record)}>
            Rename
          </Menu.Item>
        ) : null}
        {record.role === "owner" ? (
          <Menu.Item
            leftSection={<Trash2 size={16} aria-hidden />}
            className={styles.delete}
            onClick={() => onDelete(record)}
          >
            Delete
          </Menu.Item>
        ) : null}
      </Menu.Dropdown>
    </Menu>
  );
}

export function SkeletonRow({ width }: { width: string }) {
  return (
    <div className={styles.row} aria-hidden>
      <Skeleton width={36} height={36} radius={10} />
      <div className={styles.text}>
        <Skeleton width={width} height={14} my={4} />
        <Skeleton width="7.5rem" height={11} my={4} />
      </div>
    </div>
  );
}
