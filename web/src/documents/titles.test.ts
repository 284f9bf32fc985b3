import { expect, test } from "vitest";
import { isUntitled, titleToEdit, titleToSave } from "./titles.ts";

test("a document without a title is edited as empty and saved as untitled", () => {
  expect(titleToEdit("Untitled")).toBe("");
  expect(titleToSave("  ")).toBe("Untitled");
  expect(isUntitled(titleToSave(""))).toBe(true);
});

test("a title is one line without control characters", () => {
  expect(titleToSave(" Plan\r\nfor\tspring\u0007 ")).toBe("Plan for spring");
});
