import { expect, test } from "vitest";
import { signInFailure } from "./signInFailure.ts";

test.each(["expired", "denied", "unavailable", "unverified", "no-account", "taken", "signed-out"])(
  "%s is told in a sentence of its own",
  (reason) => {
    expect(signInFailure(reason, "Example ID")).not.toBe(signInFailure("unheard of", "Example ID"));
  },
);

test("the provider is called by its name", () => {
  expect(signInFailure("denied", "Example ID")).toBe("You were not signed in at Example ID.");
});

test("a reason that is unknown, or the name of something inherited, is told plainly", () => {
  for (const reason of ["unheard of", "", "toString"]) {
    expect(signInFailure(reason, "x")).toBe("You could not be signed in. Try again.");
  }
});
