const ADJECTIVES = words(`
  Amber Brave Bright Calm Clever Cosy Curious Daring Gentle Golden Happy Honest Jolly
  Keen Kind Lively Lucky Mellow Merry Nimble Patient Quiet Sunny Swift Warm Wise
`);

const ANIMALS = words(`
  Badger Beaver Bison Crane Dolphin Falcon Finch Fox Gecko Hare Heron Ibex Koala
  Lark Lynx Marten Otter Owl Panda Puffin Raven Robin Seal Sparrow Swan Wren
`);

export const MAX_NAME_LENGTH = 40;

/** A friendly name for somebody who gave none. `random` returns numbers from 0 up to, but not including, 1. */
export function inventName(random: () => number = Math.random): string {
  return `${pick(ADJECTIVES, random)} ${pick(ANIMALS, random)}`;
}

/**
 * Makes a name that came from outside fit to be shown: one line, of bounded length, without invisible characters that could turn the
 * text around it.
 */
export function cleanName(value: unknown): string {
  if (typeof value !== "string") return "";
  const visible = value.replace(/\p{Cc}|\p{Zl}|\p{Zp}/gu, " ").replace(/\p{Cf}(?<!\u200d)/gu, "");
  return [...visible.replace(/\s+/g, " ").trim()].slice(0, MAX_NAME_LENGTH).join("").trim();
}

/** One or two letters that stand for a name in an avatar. */
export function initials(name: string): string {
  const words = name.split(" ").filter((word) => /[\p{L}\p{N}]/u.test(word));
  const first = words[0];
  const last = words.length > 1 ? words[words.length - 1] : undefined;
  return (firstLetter(first) + firstLetter(last)).toLocaleUpperCase() || "?";
}

function firstLetter(word: string | undefined): string {
  return word?.match(/[\p{L}\p{N}]/u)?.[0] ?? "";
}

function pick<T>(choices: readonly T[], random: () => number): T {
  return choices[Math.floor(random() * choices.length)] as T;
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
