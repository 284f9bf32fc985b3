import { expect, test } from "vitest";
import { isDrawable } from "./cursorState.ts";

const POSITION = { type: null, tname: "default", item: { client: 1, clock: 2 }, assoc: 0 };
const USER = { name: "Ada" };

test("a state with a user and a cursor can be drawn", () => {
  expect(isDrawable({ user: USER, cursor: { anchor: POSITION, head: POSITION } })).toBe(true);
});

test.each([
  null,
  "text",
  { cursor: { anchor: POSITION, head: POSITION } },
  { user: "Ada", cursor: { anchor: POSITION, head: POSITION } },
  { user: USER },
  { user: USER, cursor: null },
  { user: USER, cursor: { anchor: POSITION } },
  { user: USER, cursor: { anchor: POSITION, head: "here" } },
  { user: USER, cursor: { anchor: POSITION, head: { item: { client: -1, clock: 0 } } } },
  { user: USER, cursor: { anchor: POSITION, head: { item: { client: 1, clock: 0.5 } } } },
  { user: USER, cursor: { anchor: POSITION, head: { tname: 7 } } },
])("%j is not drawn", (state) => {
  expect(isDrawable(state)).toBe(false);
});
