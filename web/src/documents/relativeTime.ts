const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["minute", 60],
  ["hour", 60 * 60],
  ["day", 24 * 60 * 60],
];
const WEEK_SECONDS = 7 * 24 * 60 * 60;
const JUST_NOW_SECONDS = 45;

/** "just now", "5 minutes ago", "yesterday"; from a week on the date. A clock that runs ahead of ours counts as now. */
export function relativeTime(then: Date, now: Date, locale?: string): string {
  if (Number.isNaN(then.getTime())) return "";
  const seconds = Math.max(0, (now.getTime() - then.getTime()) / 1000);
  if (seconds < JUST_NOW_SECONDS) return "just now";
  if (seconds >= WEEK_SECONDS) return dateOf(then, now, locale);
  let [unit, size] = STEPS[0] as readonly [Intl.RelativeTimeFormatUnit, number];
  for (const step of STEPS) if (seconds >= step[1]) [unit, size] = step;
  const format = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  return format.format(-Math.max(1, Math.floor(seconds / size)), unit);
}

function dateOf(then: Date, now: Date, locale?: string): string {
  const year = then.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year }).format(then);
}
