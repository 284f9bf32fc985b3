import { expect, test } from "vitest";
import { relativeTime } from "./relativeTime.ts";

const NOW = new Date(2026, 5, 15, 12, 0, 0);
const SECOND = 1000;
const HOUR = 3600 * SECOND;

const ago = (milliseconds: number) => relativeTime(new Date(NOW.getTime() - milliseconds), NOW, "en");

test.each([
  [0, "just now"],
  [44 * SECOND, "just now"],
  [50 * SECOND, "1 minute ago"],
  [59 * 60 * SECOND, "59 minutes ago"],
  [HOUR, "1 hour ago"],
  [23 * HOUR, "23 hours ago"],
  [24 * HOUR, "yesterday"],
  [6 * 24 * HOUR, "6 days ago"],
  [7 * 24 * HOUR, "Jun 8"],
  [365 * 24 * HOUR, "Jun 15, 2025"],
])("%d ms ago reads %j", (milliseconds, expected) => {
  expect(ago(milliseconds)).toBe(expected);
});

test("a time ahead of our clock is now", () => {
  expect(ago(-5 * HOUR)).toBe("just now");
});

test("a time that cannot be read is left out", () => {
  expect(relativeTime(new Date("nonsense"), NOW)).toBe("");
});
