// Times and spans in words, for people: when a job runs next, when it ran, how long that took. Times are those of the
// clock on the reader's wall, which may be another one than the kernel's.

const DAY_MS = 86_400_000;

/**
 * @param {number} ms since 1970
 * @param {number} now the same
 * @returns {string} such as `today at 14:05:10`, `tomorrow at 09:00`, `on Mon 23 Nov at 09:00`
 */
export function whenText(ms, now) {
  const days = Math.round((startOfDay(ms) - startOfDay(now)) / DAY_MS); // rounded: a day may have 23 hours
  const named = /** @type {Record<string, string>} */ ({ "-1": "yesterday", 0: "today", 1: "tomorrow" })[days];
  return `${named ?? `on ${dateText(ms, now)}`} at ${clockText(ms)}`;
}

/**
 * @param {number} ms since 1970
 * @returns {string} hours and minutes, and seconds unless it is a whole minute
 */
function clockText(ms) {
  const time = new Date(ms);
  const parts = [time.getHours(), time.getMinutes()];
  if (time.getSeconds() !== 0) parts.push(time.getSeconds());
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

/**
 * @param {number} ms
 * @param {number} now
 */
function dateText(ms, now) {
  const date = new Date(ms);
  const isSameYear = date.getFullYear() === new Date(now).getFullYear();
  // In two parts: browsers do not agree on what stands between them.
  const day = date.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: isSameYear ? undefined : "numeric" });
  return `${date.toLocaleDateString("en-GB", { weekday: "short" })} ${day}`;
}

/**
 * @param {number} now in milliseconds since 1970
 * @returns {number} how long it is until the next day, in milliseconds
 */
export function untilMidnight(now) {
  return new Date(now).setHours(24, 0, 0, 0) - now;
}

/** @param {number} ms */
function startOfDay(ms) {
  return new Date(ms).setHours(0, 0, 0, 0);
}

/**
 * @param {number} ms a span
 * @returns {string} such as `12 ms`, `1.5 s`, `3 min 5 s`, `2 h 10 min`
 */
export function spanText(ms) {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${Math.round(ms / 100) / 10} s`;
  const seconds = Math.round(ms / 1000);
  return seconds < 3600 ? twoUnits(seconds, 60, "min", "s") : twoUnits(Math.round(seconds / 60), 60, "h", "min");
}

/**
 * @param {number} count of the smaller unit
 * @param {number} size how many of them make one of the larger
 * @param {string} larger
 * @param {string} smaller
 */
function twoUnits(count, size, larger, smaller) {
  const rest = count % size;
  return `${Math.floor(count / size)} ${larger}${rest ? ` ${rest} ${smaller}` : ""}`;
}
