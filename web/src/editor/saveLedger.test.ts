import { beforeEach, expect, test } from "vitest";
import { SaveLedger } from "./saveLedger.ts";

let ledger: SaveLedger;

beforeEach(() => {
  ledger = new SaveLedger();
});

const connect = () => {
  ledger.disconnected();
  ledger.sentStep2();
  ledger.answered(true);
};
const type = () => {
  ledger.edited();
  ledger.sentUpdate();
};

test("nothing is settled before the first exchange", () => {
  expect(ledger.settled).toBe(false);
  ledger.sentStep2();
  expect(ledger.settled).toBe(false);
  ledger.answered(true);
  expect(ledger.settled).toBe(true);
});

test("every edit needs a confirmation of its own", () => {
  connect();
  type();
  type();
  ledger.answered(true);
  expect(ledger.settled).toBe(false);
  ledger.answered(true);
  expect(ledger.settled).toBe(true);
});

test("an edit whose connection is lost before its confirmation is not saved", () => {
  connect();
  type();
  ledger.disconnected();
  expect(ledger.pending).toBe(1);
  ledger.sentStep2();
  expect(ledger.settled).toBe(false);
  ledger.answered(true);
  expect(ledger.settled).toBe(true);
});

test("edits made offline are not settled by the confirmations of their repetitions alone", () => {
  connect();
  ledger.disconnected();
  ledger.edited();
  ledger.edited();
  // The provider repeats both from its queue, and answers the server's Step1.
  ledger.sentUpdate();
  ledger.sentUpdate();
  ledger.answered(true);
  ledger.answered(true);
  expect(ledger.settled).toBe(false);
  ledger.sentStep2();
  expect(ledger.settled).toBe(false);
  ledger.answered(true);
  expect(ledger.settled).toBe(true);
});

test("an edit that never reached the wire keeps the state from being settled", () => {
  connect();
  ledger.edited();
  expect(ledger.settled).toBe(false);
});

test("confirmations left over from another count do not hide a later edit", () => {
  connect();
  ledger.answered(true);
  type();
  expect(ledger.settled).toBe(false);
});

test("a refusal is remembered", () => {
  connect();
  type();
  ledger.answered(false);
  expect(ledger.refused).toBe(true);
  expect(ledger.pending).toBe(0);
});
