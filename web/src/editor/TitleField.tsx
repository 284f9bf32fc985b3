import type { ChangeEvent, KeyboardEvent } from "react";
import { MAX_TITLE_LENGTH, oneLine } from "../documents/titles.ts";
import styles from "./TitleField.module.css";
import type { Title } from "./useTitle.ts";

interface Props {
  title: Title;
  editable: boolean;
  /** Goes on to the content. */
  leave: () => void;
}

/** The title, as large as it matters, and editable in place. */
export function TitleField({ title, editable, leave }: Props) {
  const edit = (event: ChangeEvent<HTMLTextAreaElement>) => title.edit(oneLine(event.currentTarget.value));
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
        maxLength={MAX_TITLE_LENGTH}
        spellCheck
        // biome-ignore lint/a11y/noAutofocus: a new document begins with its title, unless something else is being done already
        autoFocus={editable && title.value === "" && document.activeElement === document.body}
        value={title.value}
        readOnly={!editable}
        onChange={edit}
        onKeyDown={leaveOnEnter}
      />
    </h1>
  );
}
