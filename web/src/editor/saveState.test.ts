import { expect, test } from "vitest";
import { SAVE_STATE_TEXT, saveStateOf } from "./saveState.ts";

const SAVED = { loaded: true, synced: true, settled: true, unsaved: false, refused: false, denied: false };

test.each([
  [SAVED, "saved"],
  [{ ...SAVED, settled: false }, "saving"],
  [{ ...SAVED, synced: false }, "offline"],
  [{ ...SAVED, synced: false, settled: false }, "offline"],
  [{ ...SAVED, loaded: false }, "connecting"],
  [{ ...SAVED, refused: true }, "refused"],
  [{ ...SAVED, refused: true, synced: false }, "refused"],
  [{ ...SAVED, denied: true }, undefined],
  [{ ...SAVED, denied: true, settled: false }, undefined],
  [{ ...SAVED, denied: true, settled: false, unsaved: true }, "refused"],
])("%j is %j", (facts, expected) => {
  expect(saveStateOf(facts)).toBe(expected);
});

test("only one state says that everything is saved", () => {
  const claims = Object.entries(SAVE_STATE_TEXT).filter(([, { label }]) => /all changes saved/i.test(label));
  expect(claims.map(([state]) => state)).toEqual(["saved"]);
});
