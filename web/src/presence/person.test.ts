import { expect, test } from "vitest";
import { othersOf, personOf } from "./person.ts";

const user = (id: string, name = id) => ({ user: { id, name, color: "#0c7a6f" } });

test("what another client claims is made safe to show", () => {
  const person = personOf({ id: {}, name: " \u202eEve\n", color: "expression(1)", picture: "javascript:alert(1)" }, 7);
  expect(person).toEqual({
    id: "client-7",
    name: "Eve",
    color: expect.stringMatching(/^#[0-9a-f]{6}$/),
    picture: null,
  });
});

test("a picture is taken from https alone", () => {
  expect(personOf({ picture: "https://host/a.png" }, 1)?.picture).toBe("https://host/a.png");
  expect(personOf({ picture: "http://host/a.png" }, 1)?.picture).toBeNull();
});

test.each([undefined, null, "Eve", 3])("%j is nobody", (claimed) => {
  expect(personOf(claimed, 1)).toBeUndefined();
});

test("each person is listed once, and we are not", () => {
  const states = new Map<number, unknown>([
    [9, user("bob")],
    [1, user("me")],
    [2, user("me")],
    [5, user("ada")],
    [6, user("ada")],
    [7, null],
    [8, {}],
  ]);
  expect(othersOf(states, 1, "me").map(({ id }) => id)).toEqual(["ada", "bob"]);
});
