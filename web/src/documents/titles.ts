/** What the server calls a document that got no title. */
const UNTITLED = "Untitled";

/** The server's limit, in characters. */
export const MAX_TITLE_LENGTH = 255;

export function isUntitled(title: string): boolean {
  return title === "" || title === UNTITLED;
}

/** A title as it stands in a field to write in: empty where there is none, so that nobody has to delete a placeholder. */
export function titleToEdit(title: string): string {
  return isUntitled(title) ? "" : title;
}

/** What was written into a field, as the server takes it: one line, never empty. */
export function titleToSave(written: string): string {
  return oneLine(written).trim() || UNTITLED;
}

/** Without line breaks and other control characters, which a paste may bring. */
export function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, " ");
}
