/** Whether the cursor plugin can read this awareness state: it trusts what it finds, and an error there would end the editor. */
export function isDrawable(state: unknown): boolean {
  if (typeof state !== "object" || state === null) return false;
  const { user, cursor } = state as Record<string, unknown>;
  if (typeof user !== "object" || user === null || typeof cursor !== "object" || cursor === null) return false;
  const { anchor, head } = cursor as Record<string, unknown>;
  return isPosition(anchor) && isPosition(head);
}

/** A relative position of Yjs in JSON: ids have a client and a clock, the name of a root type is text. */
function isPosition(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { type, item, tname } = value as Record<string, unknown>;
  const named = tname === undefined || tname === null || typeof tname === "string";
  return named && [type, item].every((id) => id === undefined || id === null || isId(id));
}

function isId(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { client, clock } = value as Record<string, unknown>;
  return [client, clock].every((number) => Number.isSafeInteger(number) && (number as number) >= 0);
}
