import { createExtension } from "@blocknote/core";
import { Plugin } from "prosemirror-state";
import { yCursorPlugin } from "y-prosemirror";
import type { Awareness } from "y-protocols/awareness";
import { textColorOn } from "../presence/colors.ts";
import { type Person, personOf } from "../presence/person.ts";
import { isDrawable } from "./cursorState.ts";
import styles from "./cursors.module.css";

/** How long a name stays in full after its owner moved; then a small flag marks the place. */
const NAME_SHOWN_MS = 4_000;
const LABEL_HEIGHT = 20;
const LABEL_PADDING = 12;

/**
 * Shows where the others are, each with name and colour.
 *
 * Takes the place of BlockNote's own cursor extension, which puts a foreign colour unchecked into the style of selections, keeps the
 * name that a cursor was first drawn with, and fails on a state that is not of the expected shape.
 */
export function namedCursors(awareness: Awareness) {
  const cursors = new Map<number, { element: HTMLElement; timer: number }>();

  const reveal = (clientId: number) => {
    const cursor = cursors.get(clientId);
    if (!cursor) return;
    cursor.element.dataset.active = "";
    window.clearTimeout(cursor.timer);
    cursor.timer = window.setTimeout(() => delete cursor.element.dataset.active, NAME_SHOWN_MS);
  };

  let frame = 0;
  const keepAllInside = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => {
      for (const { element } of cursors.values()) if (element.isConnected) keepInside(element);
    });
  };

  const draw = (user: unknown, clientId: number): HTMLElement => {
    const cursor = cursors.get(clientId) ?? { element: cursorElement(), timer: 0 };
    cursors.set(clientId, cursor);
    paint(cursor.element, personOf(user, clientId));
    reveal(clientId);
    return cursor.element;
  };

  const follow = ({ updated, removed }: { updated: number[]; removed: number[] }) => {
    for (const clientId of removed) cursors.delete(clientId);
    for (const clientId of updated) {
      const cursor = cursors.get(clientId);
      if (!cursor) continue;
      paint(cursor.element, personOf(awareness.getStates().get(clientId)?.user, clientId));
      reveal(clientId);
    }
  };

  return createExtension({
    key: "namedCursors",
    mount({ signal }) {
      awareness.on("change", follow);
      signal.addEventListener("abort", () => awareness.off("change", follow));
    },
    prosemirrorPlugins: [
      new Plugin({ view: () => ({ update: keepAllInside }) }),
      yCursorPlugin(awareness, {
        awarenessStateFilter: (own: number, other: number, state: unknown) => own !== other && isDrawable(state),
        cursorBuilder: draw,
        selectionBuilder: (user: unknown, clientId: number) => ({
          class: styles.selection ?? "",
          style: `--cursor-color: ${personOf(user, clientId)?.color ?? "transparent"}`,
        }),
      }),
    ],
  });
}

/** Turns a name to the side where there is room for it: a table cuts off what sticks out, and a narrow page would scroll sideways. */
function keepInside(cursor: HTMLElement): void {
  const label = cursor.querySelector<HTMLElement>(`.${styles.label}`);
  if (!label) return;
  const { left, top } = cursor.getBoundingClientRect();
  const table = cursor.closest("table")?.getBoundingClientRect();
  const scroller = cursor.closest(".tableWrapper")?.getBoundingClientRect();
  const room = Math.min(document.documentElement.clientWidth, table?.right ?? Infinity, scroller?.right ?? Infinity);
  cursor.toggleAttribute("data-leftward", left + label.scrollWidth + LABEL_PADDING > room);
  cursor.toggleAttribute("data-below", table !== undefined && top - LABEL_HEIGHT < table.top);
}

function cursorElement(): HTMLElement {
  const cursor = document.createElement("span");
  cursor.className = styles.cursor ?? "";
  cursor.dataset.cursor = "";
  const caret = document.createElement("span");
  caret.className = styles.caret ?? "";
  const label = document.createElement("span");
  label.className = styles.label ?? "";
  caret.append(label);
  // Word joiners keep the line from breaking at the cursor.
  cursor.append("\u2060", caret, "\u2060");
  return cursor;
}

function paint(cursor: HTMLElement, person: Person | undefined): void {
  const label = cursor.querySelector(`.${styles.label}`);
  if (!person || !label) return;
  if (label.textContent !== person.name) label.textContent = person.name;
  cursor.style.setProperty("--cursor-color", person.color);
  cursor.style.setProperty("--cursor-text", textColorOn(person.color));
}
