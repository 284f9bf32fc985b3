const KEY = "sign-in-failed";

const UNKNOWN = "You could not be signed in. Try again.";

/** What to say to somebody whom the identity provider, called `name`, sent back without a sign-in, for each reason that the server gives. */
const SENTENCES: ReadonlyMap<string, (name: string) => string> = new Map(
  Object.entries({
    expired: () => "The sign-in took too long, or was begun in another browser. Try again.",
    denied: (name) => `You were not signed in at ${name}.`,
    unavailable: (name) => `The server could not reach ${name}, or did not understand its answer. Try again later.`,
    unverified: (name) => `The answer of ${name} could not be verified. Try again, or tell whoever runs this server.`,
    "no-account": (name) =>
      `No account here goes with who you are at ${name}. Ask whoever runs this server for an invitation.`,
    taken: (name) => `Who you are at ${name} is linked to another account.`,
    "signed-out": () => "You are not signed in any more. Sign in, and link it then.",
  }),
);

/** Takes the reason out of the address, so that a reload does not tell it again. */
export function takeSignInFailure(): string | undefined {
  const parameters = new URLSearchParams(window.location.hash.slice(1));
  const reason = parameters.get(KEY);
  if (reason === null) return undefined;
  const { pathname, search } = window.location;
  window.history.replaceState(window.history.state, "", pathname + search);
  return reason;
}

/** The sentence for a reason; one that this page does not know yet is told plainly. */
export function signInFailure(reason: string, name: string): string {
  return SENTENCES.get(reason)?.(name) ?? UNKNOWN;
}
