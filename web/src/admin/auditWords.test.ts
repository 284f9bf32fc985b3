import { expect, test } from "vitest";
import { describe } from "./auditWords.ts";

const entry = {
  id: 1,
  at: "2026-01-01T00:00:00Z",
  actor: "ada",
  actor_name: null,
  address: null,
  document: null,
  subject: null,
  details: {},
};

test("an entry is told with what it was done to", () => {
  const shared = { ...entry, action: "member-set", document: "plan", subject: "bob", details: { role: "editor" } };
  expect(describe(shared)).toBe("Gave a role · “plan” · bob · role editor");
});

test("an action of a newer server is told by its name", () => {
  expect(describe({ ...entry, action: "moon-landing" })).toBe("moon-landing");
});
