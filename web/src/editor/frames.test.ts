import { expect, test } from "vitest";
import { meaningOf } from "./frames.ts";

const frame = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

// Frames of the document "doc" as the provider 4.8 and the server exchange them.
test.each([
  ["03646f6300000100", "other"],
  ["03646f630001020000", "step2"],
  ["03646f630002020000", "update"],
  ["03646f630801", "applied"],
  ["03646f630800", "refused"],
  ["03646f6301030100", "other"],
  ["09", "other"],
  ["", "other"],
  ["ff", "other"],
])("%s means %j", (hex, expected) => {
  expect(meaningOf(frame(hex))).toBe(expected);
});
