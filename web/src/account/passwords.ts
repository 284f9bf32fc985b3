/** What the server takes. */
export const MIN_PASSWORD_LENGTH = 10;

export const NEW_PASSWORD_HINT = `At least ${MIN_PASSWORD_LENGTH} characters; a few words are good.`;
