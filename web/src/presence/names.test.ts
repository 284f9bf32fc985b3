import { expect, test } from "vitest";
import { cleanName, initials, inventName, MAX_NAME_LENGTH } from "./names.ts";

test("an invented name is an adjective and an animal", () => {
  expect(inventName(() => 0)).toBe("Amber Badger");
  expect(inventName(() => 0.999)).toBe("Wise Wren");
});

test.each([
  ["  Ada \n Lovelace ", "Ada Lovelace"],
  ["a\u202eb\u200bc\u0000d", "abc d"],
  ["👩‍🔬 Marie", "👩‍🔬 Marie"],
  [42, ""],
  [null, ""],
])("%j is shown as %j", (value, expected) => {
  expect(cleanName(value)).toBe(expected);
});

test("a name is cut between characters", () => {
  expect([...cleanName("📄".repeat(100))]).toHaveLength(MAX_NAME_LENGTH);
});

test.each([
  ["Ada Lovelace", "AL"],
  ["ada", "A"],
  ["Ada King of Lovelace", "AL"],
  ["👩 Émile", "É"],
  ["…", "?"],
])("the initials of %j are %j", (name, expected) => {
  expect(initials(name)).toBe(expected);
});
