import { expect, test } from "vitest";
import { asProblem, Problem, problemOf, reasonFor } from "./problem.ts";

test("a problem takes its kind from the status and its message from the detail", () => {
  const problem = problemOf(410, { title: "Gone", detail: "the document is in the trash" });
  expect(problem.kind).toBe("deleted");
  expect(problem.message).toBe("the document is in the trash");
});

test("a problem without a readable body names the status", () => {
  expect(problemOf(500, undefined).message).toBe("the server answered 500");
  expect(problemOf(418, { detail: 7 }).kind).toBe("other");
});

test("anything that was thrown becomes a problem", () => {
  const known = new Problem("exists", "taken");
  expect(asProblem(known)).toBe(known);
  expect(asProblem(new TypeError("no")).kind).toBe("other");
});

test("a missing right is told in plain words, anything else in the server's", () => {
  const missing = problemOf(403, { detail: "you have no role in this document" });
  expect(reasonFor(missing, "You cannot create documents here.")).toBe("You cannot create documents here.");
  expect(reasonFor(missing)).toBe("your access does not allow this");
  expect(reasonFor(problemOf(410, { detail: "the document is in the trash" }))).toBe("the document is in the trash");
});
