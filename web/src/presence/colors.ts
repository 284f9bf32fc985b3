/** Told apart from each other, and readable under white text (4.5:1 or more) in either theme. */
export const PALETTE = [
  { name: "Violet", value: "#6e56cf" },
  { name: "Blue", value: "#0b68cb" },
  { name: "Teal", value: "#0c7a6f" },
  { name: "Green", value: "#2b7a3d" },
  { name: "Olive", value: "#6f6a12" },
  { name: "Orange", value: "#b8500b" },
  { name: "Red", value: "#c4332b" },
  { name: "Pink", value: "#c02d74" },
] as const;

/** Six hex digits and nothing else may reach a style: whatever else comes from outside is replaced by a colour that `key` picks. */
export function cleanColor(value: unknown, key: string): string {
  if (typeof value === "string" && /^#[0-9a-f]{6}$/i.test(value)) return value.toLowerCase();
  return colorFor(key);
}

/** The same colour for the same key, in every browser. */
export function colorFor(key: string): string {
  let hash = 0;
  for (const character of key) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return PALETTE[hash % PALETTE.length]?.value ?? PALETTE[0].value;
}

/** Black or white, whichever is easier to read on this background (WCAG relative luminance). */
export function textColorOn(background: string): "#000000" | "#ffffff" {
  const [red, green, blue] = [1, 3, 5].map((at) => linear(Number.parseInt(background.slice(at, at + 2), 16) / 255));
  const luminance = 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
  return luminance > 0.179 ? "#000000" : "#ffffff";
}

function linear(channel: number): number {
  return channel <= 0.03928 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
}
