import { expect, test, vi } from "vitest";
import { isSafeLink, safeMedia } from "./safeAddress.ts";

vi.stubGlobal("window", { location: { href: "https://collab.example.com/d/plan" } });

const HOSTILE = [
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  " javascript:alert(1)",
  "\u0001javascript:alert(1)",
  "java\nscript:alert(1)",
  "java\tscript:alert(1)",
  "javascript\r:alert(1)",
  "vbscript:msgbox(1)",
  "data:text/html,<script>alert(1)</script>",
  "data:image/svg+xml,<svg onload='alert(1)'/>",
  "file:///etc/passwd",
  "view-source:https://example.com",
];

test.each(HOSTILE)("%j is neither followed nor shown", (address) => {
  expect(isSafeLink(address)).toBe(false);
  expect(safeMedia(address)).toBe("");
});

test.each([
  "https://example.com/a?b=c#d",
  "http://localhost:8000",
  "mailto:ada@example.com",
  "tel:+4912345",
  "/d/other",
  "#here",
])("%j is followed", (address) => {
  expect(isSafeLink(address)).toBe(true);
});

test.each([
  "https://example.com/a.png",
  "/a.png",
  "data:image/png;base64,iVBORw0KGgo=",
  "blob:https://collab.example.com/1",
])("%j is shown", (address) => {
  expect(safeMedia(address)).toBe(address);
});
