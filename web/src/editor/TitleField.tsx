import type { ChangeEvent, KeyboardEvent } from "react";
import styles from "./TitleField.module.css";
import type { Title } from "./useTitle.ts";

const MAX_LENGTH = 255;

interface Props {
  title: Title;
  editable: boolean;
  /** Goes on to the content. */
  leave: () => void;
}

/** The title, as large as it matters, and editable in place. */
export function TitleField({ title, editable, leave }: Props) {
  const edit = (event: ChangeEvent<HTMLTextAreaElement>) => title.edit(event.currentTarget.value.replace(/\s+/g, " "));
  const leaveOnEnter = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.nativeEvent.isComposing) return;
    event.preventDefault();
    leave();
  };
  return (
    <h1 className={styles.title} data-text={title.value || "Untitled"}>
      <textarea
        className={styles.field}
        aria-label="Title"
        placeholder="Untitled"
        rows={1}
        maxLength={MAX_LENGTH}
        spellCheck
        value={title.value}
        readOnly={!editable}
        onChange={edit}
        onKeyDown={leaveOnEnter}
      />
    </h1>
  );
}
