import { expect, test } from "vitest";
import { cleanColor, colorFor, PALETTE, textColorOn } from "./colors.ts";

test.each(["red", "#fff", "#12345g", "#123456;background:url(//x)", "url(#123456)", 7, undefined])(
  "%j never reaches a style",
  (value) => {
    expect(cleanColor(value, "somebody")).toBe(colorFor("somebody"));
  },
);

test("a colour of six hex digits is taken", () => {
  expect(cleanColor("#AbCdEf", "x")).toBe("#abcdef");
});

test("somebody's colour does not depend on who looks", () => {
  expect(colorFor("guest-1")).toBe(colorFor("guest-1"));
  expect(new Set(Array.from({ length: 60 }, (_, index) => colorFor(`guest-${index}`))).size).toBe(PALETTE.length);
});

test("text is black on light and white on dark", () => {
  expect(textColorOn("#ffffff")).toBe("#000000");
  expect(textColorOn("#101010")).toBe("#ffffff");
  expect(PALETTE.map(({ value }) => textColorOn(value))).toEqual(PALETTE.map(() => "#ffffff"));
});
