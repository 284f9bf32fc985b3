import { expect, test } from "vitest";
import { documentPath, isDocumentName, routeOf } from "./routes.ts";

test.each(["notes", "team/plan 2026", "Ünïcode/📄", "100% #1?", "a//b", "/leading", "../up", "a/./b"])(
  "the path of %j leads back to it",
  (name) => {
    const { pathname } = new URL(documentPath(name), "http://host");
    expect(routeOf(pathname)).toEqual({ page: "document", name });
  },
);

test("the root is the list", () => {
  expect(routeOf("/")).toEqual({ page: "documents" });
});

test.each(["/d/", "/elsewhere", "/d/%E0%A4%A", "/d/a%00b", `/d/${"x".repeat(256)}`])("%j is no page", (pathname) => {
  expect(routeOf(pathname)).toEqual({ page: "unknown" });
});

test("a name's length counts characters, not UTF-16 units", () => {
  expect(isDocumentName("📄".repeat(255))).toBe(true);
  expect(isDocumentName("📄".repeat(256))).toBe(false);
});
