// How one cell reads on a page. In: a cell's JSON form (encoding.py says the forms). Out: its text, what kind of thing
// it is, and what a hover adds. None, True and False read as in Python, what is inside a list or an object as JSON.

/** The last moment that a Date can be, in milliseconds since 1970. */
const MAX_TIME_MS = 8.64e15;

/**
 * @typedef {{text: string, kind: "number" | "text" | "time" | "empty" | "other", hover?: string}} Shown
 */

/**
 * @param {any} cell
 * @param {string} [column]
 * @returns {Shown}
 */
export function showCell(cell, column) {
  if (cell === undefined) return { text: "", kind: "empty" };
  if (cell === null) return { text: "None", kind: "empty" };
  if (typeof cell === "number") {
    // _creationTime is milliseconds since 1970; as a number nobody can read it. A field of another kind may have the name.
    const isTime = column === "_creationTime" && Math.abs(cell) <= MAX_TIME_MS;
    return isTime ? { ...showTime(new Date(cell).toISOString()), hover: String(cell) } : showNumber(cell);
  }
  if (typeof cell === "boolean") return { text: cell ? "True" : "False", kind: "other" };
  if (typeof cell === "string") return { text: cell, kind: "text", hover: cell };
  const [form] = Object.keys(cell);
  switch (Array.isArray(cell) ? "" : form) {
    case "$int":
      return { text: cell.$int, kind: "number" };
    case "$float":
      return { text: cell.$float, kind: "number" };
    case "$datetime":
      return showTime(cell.$datetime);
    case "$text":
      return { text: `${cell.$text}…`, kind: "text", hover: `${cell.$text}… (${cell.size} characters)` };
    default: {
      const text = shortJson(cell);
      return { text, kind: "other", hover: text };
    }
  }
}

/**
 * A number with at most six decimals, and as it is on hover.
 * @param {number} number
 * @returns {Shown}
 */
function showNumber(number) {
  const size = Math.abs(number);
  const short = Number(size >= 1e-4 ? number.toFixed(6) : number.toPrecision(7));
  const isWhole = Number.isInteger(number);
  return { text: numberText(isWhole ? number : short), kind: "number", hover: short === number || isWhole ? undefined : String(number) };
}

/**
 * A number with all its digits, and a negative zero with its sign, as in Python.
 * @param {number} number
 */
export const numberText = (number) => (Object.is(number, -0) ? "-0" : String(number));

/**
 * A time in the page's own zone, with UTC on hover.
 * @param {string} iso an ISO 8601 time in UTC
 * @returns {Shown}
 */
function showTime(iso) {
  const time = new Date(iso);
  const two = (/** @type {number} */ part) => String(part).padStart(2, "0");
  const date = `${String(time.getFullYear()).padStart(4, "0")}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  // A Date keeps milliseconds; the fraction of a second is the same in every zone, so it comes from the text.
  const fraction = (/\.(\d*?)0*(?:Z|[+-])/.exec(iso) ?? ["", ""])[1];
  return {
    text: `${date} ${clock}${fraction && `.${fraction}`}`,
    kind: "time",
    hover: `${iso.replace("T", " ").replace(/(Z|\+00:00)$/, "")} UTC`,
  };
}

/**
 * Nested values as JSON with Python's spacing, cut forms with "…" for what they leave out.
 * @param {any} cell
 * @returns {string}
 */
export function shortJson(cell) {
  if (typeof cell === "number") return numberText(cell);
  if (typeof cell !== "object" || cell === null) return JSON.stringify(cell);
  if (Array.isArray(cell)) return `[${cell.map(shortJson).join(", ")}]`;
  const more = (/** @type {any[]} */ shown) => (shown.length < cell.size ? [`… ${cell.size - shown.length} more`] : []);
  const pair = (/** @type {[string, any]} */ [key, item]) => `${JSON.stringify(key)}: ${shortJson(item)}`;
  switch (Object.keys(cell)[0]) {
    case "$int":
    case "$float":
      return cell.$int ?? cell.$float;
    case "$datetime":
      return JSON.stringify(cell.$datetime);
    case "$text":
      return JSON.stringify(`${cell.$text}…`);
    case "$bytes":
      return `${cell.size} bytes ${cell.$bytes}${cell.$bytes.length < 2 * cell.size ? "…" : ""}`;
    case "$repr":
      return cell.$repr;
    case "$vector":
      return `[${[...cell.$vector.map(shortJson), ...more(cell.$vector)].join(", ")}]`;
    case "$list":
      return `[${[...cell.$list.map(shortJson), ...more(cell.$list)].join(", ")}]`;
    case "$object":
      return `{${[...cell.$object.map(pair), ...more(cell.$object)].join(", ")}}`;
    default:
      return `{${Object.entries(cell).map(pair).join(", ")}}`;
  }
}
