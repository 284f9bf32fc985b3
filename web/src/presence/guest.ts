import { useSyncExternalStore } from "react";
import { cleanColor, PALETTE } from "./colors.ts";
import { cleanName, inventName } from "./names.ts";
import type { Person } from "./person.ts";

const KEY = "collab.guest";

let current = load();
const listeners = new Set<() => void>();

/** Who the guest at this browser is; a friendly name and colour are made up on the first visit and kept. */
export function useGuest(): Person {
  return useSyncExternalStore(subscribe, () => current);
}

/** Changes name or colour, here and in the browser's other tabs. */
export function changeGuest(changes: Partial<Pick<Person, "name" | "color">>): void {
  current = { ...current, ...changes };
  store(current);
  for (const changed of listeners) changed();
}

function subscribe(changed: () => void): () => void {
  const followTabs = (event: StorageEvent) => {
    if (event.key !== KEY || event.newValue === null) return;
    current = parse(event.newValue) ?? current;
    changed();
  };
  listeners.add(changed);
  window.addEventListener("storage", followTabs);
  return () => {
    listeners.delete(changed);
    window.removeEventListener("storage", followTabs);
  };
}

function load(): Person {
  const kept = parse(read());
  if (kept) return kept;
  const color = PALETTE[Math.floor(Math.random() * PALETTE.length)]?.value ?? PALETTE[0].value;
  const guest = { id: `guest-${randomId()}`, name: inventName(), color, picture: null };
  store(guest);
  return guest;
}

function parse(text: string | null): Person | undefined {
  try {
    const { id, name, color } = JSON.parse(text ?? "") as Record<string, unknown>;
    if (typeof id !== "string" || id === "") return undefined;
    return { id, name: cleanName(name) || inventName(), color: cleanColor(color, id), picture: null };
  } catch {
    return undefined;
  }
}

function randomId(): string {
  // `crypto.randomUUID` is missing where the page came over plain HTTP from another machine.
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function read(): string | null {
  try {
    return window.localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function store(guest: Person): void {
  try {
    window.localStorage.setItem(KEY, JSON.stringify(guest));
  } catch {
    // Without storage the name lasts as long as this page.
  }
}
