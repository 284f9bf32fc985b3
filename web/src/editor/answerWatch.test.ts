import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AnswerWatch, SILENCE_MS } from "./answerWatch.ts";

const changed = vi.fn();
let watch: AnswerWatch;

beforeEach(() => {
  vi.useFakeTimers();
  changed.mockClear();
  watch = new AnswerWatch(changed);
});

afterEach(() => {
  vi.useRealTimers();
});

test("a server that owes nothing may be silent", () => {
  watch.expect(false);
  vi.advanceTimersByTime(10 * SILENCE_MS);
  expect(watch.silent).toBe(false);
});

test("a server that owes an answer is silent after a time", () => {
  watch.expect(true);
  vi.advanceTimersByTime(SILENCE_MS - 1);
  expect(watch.silent).toBe(false);
  vi.advanceTimersByTime(1);
  expect(watch.silent).toBe(true);
  expect(changed).toHaveBeenCalledOnce();
});

test("further edits do not put the suspicion off", () => {
  watch.expect(true);
  vi.advanceTimersByTime(SILENCE_MS - 1);
  watch.expect(true);
  vi.advanceTimersByTime(1);
  expect(watch.silent).toBe(true);
});

test("whatever the server says begins the time anew", () => {
  watch.expect(true);
  vi.advanceTimersByTime(SILENCE_MS - 1);
  watch.heard();
  watch.expect(true);
  vi.advanceTimersByTime(SILENCE_MS - 1);
  expect(watch.silent).toBe(false);
});

test("an answer in time leaves nothing to suspect", () => {
  watch.expect(true);
  watch.heard();
  watch.expect(false);
  vi.advanceTimersByTime(10 * SILENCE_MS);
  expect(watch.silent).toBe(false);
});

test("a suspicion lasts until something is heard", () => {
  watch.suspect();
  watch.expect(false);
  expect(watch.silent).toBe(true);
  watch.heard();
  expect(watch.silent).toBe(false);
});
