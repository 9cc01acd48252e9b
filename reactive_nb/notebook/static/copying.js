// Cells as text for other programs. In: a range of known rows, or text that the kernel made. Out: tab-separated values on
// the clipboard. Whatever a page does not know whole is left to the kernel, so no copy is ever cut off.

import { numberText } from "./cells.js";

/**
 * One cell as it is copied: numbers with all their digits, times in UTC, None as nothing.
 * @param {any} cell
 * @returns {string | null} null: the page has only a part of the value
 */
export function tsvCell(cell) {
  if (cell === undefined || cell === null) return "";
  if (typeof cell === "boolean") return cell ? "True" : "False";
  if (typeof cell === "number") return numberText(cell);
  if (typeof cell === "string") return /[\t\n\r"]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  if (Array.isArray(cell)) return null;
  return cell.$int ?? cell.$float ?? cell.$datetime ?? null;
}

/**
 * @param {import("./rows.js").RowWindow} known
 * @param {string[]} columns
 * @param {number} first place of a row
 * @param {number} last place of a row, inclusive
 * @returns {string | null} null: the page does not know all of it
 */
export function tsvOf(known, columns, first, last) {
  const lines = [];
  for (let place = first; place <= last; place += 1) {
    const key = known.keyAt(place);
    const row = key === null ? undefined : known.rows.get(key);
    if (row === undefined) return null;
    const cells = columns.map((column) => tsvCell(row[column]));
    if (cells.includes(null)) return null;
    lines.push(cells.join("\t"));
  }
  return lines.join("\n");
}

/**
 * Put text on the clipboard when there is no copy event to do it in.
 * @param {string} text
 * @param {HTMLElement} target where the focus is
 */
export async function writeClipboard(text, target) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Pages over plain http have no clipboard, but they may still have a copy event: where the focus is, if that is still here.
  let isPut = false;
  const put = (/** @type {ClipboardEvent} */ event) => {
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
    event.stopImmediatePropagation();
    isPut = true;
  };
  target.addEventListener("copy", put, { capture: true });
  const done = document.execCommand("copy");
  target.removeEventListener("copy", put, { capture: true });
  if (!done || !isPut) throw new Error("The browser did not allow it; press Ctrl+C again.");
}
