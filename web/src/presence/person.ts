import { cleanColor } from "./colors.ts";
import { cleanName } from "./names.ts";

/** Somebody who is here, safe to show: nothing of what another client claims reaches a style or an address unchecked. */
export interface Person {
  /** The same for all windows of one person, as far as the server or their browser says so. */
  id: string;
  name: string;
  color: string;
  picture: string | null;
}

/** Reads the `user` field of an awareness state, or returns `undefined` where there is none to speak of. */
export function personOf(user: unknown, clientId: number): Person | undefined {
  if (typeof user !== "object" || user === null) return undefined;
  const { id, name, color, picture } = user as Record<string, unknown>;
  const key = typeof id === "string" && id !== "" && id.length <= 200 ? id : `client-${clientId}`;
  return {
    id: key,
    name: cleanName(name) || "Guest",
    color: cleanColor(color, key),
    picture: cleanPicture(picture),
  };
}

/** Everybody who is here beside ourselves, each once however many windows they have open, in an order that stays. */
export function othersOf(states: ReadonlyMap<number, unknown>, ownClientId: number, ownId: string): Person[] {
  const people = new Map<string, Person>();
  for (const [clientId, state] of [...states].sort(([a], [b]) => a - b)) {
    if (clientId === ownClientId || typeof state !== "object" || state === null) continue;
    const person = personOf((state as Record<string, unknown>).user, clientId);
    if (person && person.id !== ownId && !people.has(person.id)) people.set(person.id, person);
  }
  return [...people.values()];
}

function cleanPicture(value: unknown): string | null {
  if (typeof value !== "string" || value.length > 2000) return null;
  try {
    return new URL(value).protocol === "https:" ? value : null;
  } catch {
    return null;
  }
}
