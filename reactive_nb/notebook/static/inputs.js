// Inputs: one argument, or one cell that is edited, as a person fills it in. In: a field (widget/fields.py says what it
// holds) and a first raw. Out: an element, and the raw that stands in it. Labels are the form's.

import { element, setText } from "./dom.js";
import { pickerControl } from "./picker.js";
import { randomName } from "./session.js";

/**
 * @typedef {"text" | "long" | "number" | "integer" | "boolean" | "choice" | "id" | "datetime" | "file" | "json" | "constant"} FieldKind
 * @typedef {{name?: string, kind: FieldKind, label: string, optional: boolean, nullable: boolean, describe: string,
 *   choices?: string[], table?: string, initial: Raw | null}} Field
 * @typedef {{missing?: true, null?: true, text?: string, flag?: boolean, choice?: number, bytes?: string, name?: string}} Raw
 * @typedef {import("./picker.js").Search} Search
 */

/**
 * Let a new line be typed: in a cell's output JupyterLab would cancel it. It listens on the box itself, so this is for the
 * capture phase of `beforeinput` around it.
 * @param {InputEvent} event
 */
export function keepNewLine(event) {
  if (event.inputType === "insertLineBreak") event.stopPropagation();
}

/**
 * What differs from kind to kind.
 * @typedef {object} Control
 * @property {HTMLElement[]} parts what stands in the input, in order
 * @property {HTMLElement} target what a label is for, and what is focused
 * @property {() => Raw} raw
 * @property {(raw: Raw | null) => void} set
 * @property {() => Promise<void>} [ready] resolves when `raw` is final, where that takes time
 */

/**
 * @typedef {object} Input
 * @property {HTMLElement} element
 * @property {string} labelTarget the id that a label is for
 * @property {() => Raw} raw
 * @property {() => Promise<void>} ready resolves when `raw` is final: a file has to be read
 * @property {() => void} focus
 * @property {() => void} reset shows the first raw again
 * @property {(text: string | null) => void} setError
 * @property {(disabled: boolean) => void} setDisabled
 */

/**
 * @param {Field} field
 * @param {Raw | null} [initialRaw] what it shows at first; the field's own by default
 * @param {Search} [search] finds documents, for an id
 * @returns {Input}
 */
export function makeInput(field, initialRaw = field.initial, search = undefined) {
  const control = makeControl(field, initialRaw, search);
  const root = element("div", `rnb-input rnb-input-${field.kind}`);
  const line = element("div", "rnb-input-line");
  const error = element("div", "rnb-input-error");
  control.target.id = `rnb-${randomName()}`;
  error.id = `${control.target.id}-error`;
  error.setAttribute("role", "alert");
  error.hidden = true;
  line.append(...control.parts);
  root.append(line, error);
  control.set(initialRaw);
  const first = control.raw();

  /** @param {string | null} text */
  function setError(text) {
    setText(error, text ?? "");
    error.hidden = text === null;
    if (text === null) {
      control.target.removeAttribute("aria-invalid");
      control.target.removeAttribute("aria-describedby");
    } else {
      control.target.setAttribute("aria-invalid", "true");
      control.target.setAttribute("aria-describedby", error.id);
    }
  }

  return {
    element: root,
    labelTarget: control.target.id,
    raw() {
      const raw = control.raw();
      // What nobody has touched goes back as it came: a cell without a value, in an input that cannot show that.
      return initialRaw !== null && sameRaw(raw, first) ? initialRaw : raw;
    },
    ready: control.ready ?? (async () => {}),
    focus: () => control.target.focus(),
    reset: () => control.set(initialRaw),
    setError,
    setDisabled(disabled) {
      for (const part of root.querySelectorAll("input, select, textarea, button")) part.toggleAttribute("disabled", disabled);
    },
  };
}

/**
 * @param {Field} field
 * @param {Raw | null} initialRaw
 * @param {Search | undefined} search
 * @returns {Control}
 */
function makeControl(field, initialRaw, search) {
  switch (field.kind) {
    case "constant":
      return constantControl(field);
    case "choice":
      return selectControl(field, (field.choices ?? []).map((label, at) => ({ label, raw: { choice: at } })));
    case "boolean":
      return field.optional || field.nullable || initialRaw?.missing || initialRaw?.null ? selectControl(field, [TRUE, FALSE]) : checkboxControl();
    case "file":
      return fileControl(field);
    case "datetime":
      return datetimeControl(field);
    case "id":
      return idControl(field, search);
    default:
      return textControl(field);
  }
}

const TRUE = { label: "True", raw: { flag: true } };
const FALSE = { label: "False", raw: { flag: false } };
/** @type {{label: string, raw: Raw}} */
const NOT_GIVEN = { label: "not given", raw: { missing: true } };
/** @type {{label: string, raw: Raw}} */
const NONE = { label: "None", raw: { null: true } };

/** @param {Field} field */
function constantControl(field) {
  const text = element("output", "rnb-constant", field.choices?.[0] ?? "");
  return { parts: [text], target: text, raw: () => ({ choice: 0 }), set: () => {} };
}

/** @returns {Control} */
function checkboxControl() {
  const box = element("input", "rnb-checkbox");
  box.type = "checkbox";
  return { parts: [box], target: box, raw: () => ({ flag: box.checked }), set: (raw) => (box.checked = raw?.flag === true) };
}

/**
 * @param {Field} field
 * @param {{label: string, raw: Raw}[]} choices
 * @returns {Control}
 */
function selectControl(field, choices) {
  const all = [...(field.optional ? [NOT_GIVEN] : []), ...(field.nullable ? [NONE] : []), ...choices];
  const select = element("select", "rnb-control");
  for (const { label } of all) select.append(element("option", "", label));
  return {
    parts: [select],
    target: select,
    raw: () => all[select.selectedIndex]?.raw ?? { missing: true },
    set: (raw) => (select.selectedIndex = raw === null ? 0 : all.findIndex((each) => sameRaw(each.raw, raw))), // -1 is blank
  };
}

/**
 * Whether two raws say the same.
 * @param {Raw} a
 * @param {Raw | null} b
 */
export function sameRaw(a, b) {
  const keys = /** @type {const} */ (["missing", "null", "text", "flag", "choice", "bytes"]);
  return b !== null && keys.every((key) => a[key] === b[key]);
}

/**
 * What an empty input can mean, the most likely first.
 * @param {Field} field
 * @returns {{label: string, raw: Raw}[]}
 */
export function meaningsOfEmpty(field) {
  const isText = field.kind === "text" || field.kind === "long";
  const absent = [...(field.optional ? [NOT_GIVEN] : []), ...(field.nullable ? [NONE] : [])];
  // An input that can be neither left out nor None says what is in it, and the kernel says what is wrong with that.
  return isText || absent.length === 0 ? [...absent, { label: "empty", raw: { text: "" } }] : absent;
}

/**
 * What stands in a text input when it is empty: a choice where there is one, a hint inside the input where there is not.
 * @param {Field} field
 * @param {HTMLInputElement | HTMLTextAreaElement} box
 */
function emptiness(field, box) {
  const meanings = meaningsOfEmpty(field);
  const button = element("button", "rnb-empty-choice");
  button.type = "button";
  button.title = "What leaving it empty means; press for the other meaning";
  let at = 0;
  const show = () => {
    setText(button, meanings[at].label);
    button.hidden = meanings.length === 1 || box.value !== "";
    const hint = { text: "", long: "", id: `search ${field.table}, or an id` }[/** @type {string} */ (field.kind)] ?? field.describe;
    box.placeholder = meanings.length > 1 ? "" : "text" in meanings[0].raw ? hint : meanings[0].label;
  };
  button.addEventListener("click", () => {
    at = (at + 1) % meanings.length;
    show();
    box.focus();
  });
  box.addEventListener("input", show);
  return {
    button,
    raw: () => meanings[at].raw,
    /** @param {Raw | null} raw */
    set(raw) {
      at = Math.max(0, meanings.findIndex((each) => sameRaw(each.raw, raw)));
      show();
    },
  };
}

/**
 * @param {Field} field
 * @returns {Control}
 */
function textControl(field) {
  const isLong = field.kind === "long" || field.kind === "json";
  const box = element(isLong ? "textarea" : "input", "rnb-control");
  if (box instanceof HTMLTextAreaElement) box.rows = field.kind === "long" ? 3 : 1;
  else box.inputMode = field.kind === "integer" ? "numeric" : field.kind === "number" ? "decimal" : "text";
  box.autocomplete = "off";
  box.spellcheck = field.kind === "long";
  const empty = emptiness(field, box);
  return {
    parts: [box, empty.button],
    target: box,
    raw: () => (box.value === "" ? empty.raw() : { text: box.value }),
    set(raw) {
      // A value of JSON that is None is written as JSON, unless it is the field that may be None.
      box.value = raw?.text ?? (raw?.null && !field.nullable && field.kind === "json" ? "null" : "");
      empty.set(raw);
    },
  };
}

/**
 * @param {Field} field
 * @param {Search | undefined} search
 * @returns {Control}
 */
function idControl(field, search) {
  const box = element("input", "rnb-control");
  return pickerControl(box, emptiness(field, box), search);
}

/**
 * @param {Field} field
 * @returns {Control}
 */
function datetimeControl(field) {
  const box = element("input", "rnb-control");
  box.type = "datetime-local";
  box.step = "any";
  box.title = `in the time zone of this page, ${Intl.DateTimeFormat().resolvedOptions().timeZone}`;
  const empty = emptiness(field, box);
  let [first, firstText] = ["", ""];
  return {
    parts: [box, empty.button],
    target: box,
    raw() {
      if (box.validity.badInput) return { text: "an incomplete time" };
      if (box.value === "") return empty.raw();
      // The input holds milliseconds: what nobody has touched goes back as it came, with its microseconds.
      return { text: box.value === first ? firstText : isoOfLocal(box.value) };
    },
    set(raw) {
      firstText = raw?.text ?? "";
      box.value = firstText && localOfIso(firstText);
      first = box.value;
      empty.set(raw);
    },
  };
}

/**
 * A time of the page's own zone, as `datetime-local` writes it, with its offset.
 * @param {string} local such as "2026-11-20T13:00"
 */
export function isoOfLocal(local) {
  const ahead = -new Date(local).getTimezoneOffset();
  const two = (/** @type {number} */ part) => String(Math.trunc(part)).padStart(2, "0");
  const size = Math.abs(ahead);
  return `${local}${ahead < 0 ? "-" : "+"}${two(size / 60)}:${two(size % 60)}`;
}

/**
 * A moment in the page's own zone, as `datetime-local` takes it.
 * @param {string} iso such as "2026-11-20T12:00:00.000001+00:00"
 */
export function localOfIso(iso) {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return "";
  const pad = (/** @type {number} */ part, size = 2) => String(part).padStart(size, "0");
  const day = `${pad(time.getFullYear(), 4)}-${pad(time.getMonth() + 1)}-${pad(time.getDate())}`;
  const millis = time.getMilliseconds();
  const seconds = time.getSeconds() || millis ? `:${pad(time.getSeconds())}${millis ? `.${pad(millis, 3)}` : ""}` : "";
  return `${day}T${pad(time.getHours())}:${pad(time.getMinutes())}${seconds}`;
}

/**
 * @param {Field} field
 * @returns {Control}
 */
function fileControl(field) {
  const box = element("input", "rnb-file");
  box.type = "file";
  const note = element("span", "rnb-file-note");
  const clear = element("button", "rnb-quiet-button", "clear");
  clear.type = "button";
  const absent = meaningsOfEmpty(field)[0].raw;
  const nothing = "text" in absent ? /** @type {Raw} */ ({ missing: true }) : absent;
  /** @type {Raw} */
  let current = nothing;
  let reading = Promise.resolve();
  const show = () => {
    setText(note, current.bytes === undefined ? "" : `${sizeOfBase64(current.bytes)} bytes`);
    clear.hidden = current.bytes === undefined;
  };
  const set = (/** @type {Raw | null} */ raw) => {
    box.value = "";
    current = raw?.bytes === undefined && !raw?.null ? nothing : raw;
    reading = Promise.resolve();
    show();
  };
  box.addEventListener("change", () => {
    const file = box.files?.[0];
    if (file === undefined) return;
    const mine = base64Of(file).then((bytes) => {
      if (reading !== mine) return; // another was chosen since, or this one taken back
      current = { bytes, name: file.name };
      show();
    });
    mine.catch(() => {}); // whoever asks whether it is ready is told
    reading = mine;
    clear.hidden = false;
  });
  clear.addEventListener("click", () => set(null));
  return { parts: [box, note, clear], target: box, raw: () => current, set, ready: () => reading };
}

/**
 * @param {Blob} file
 * @returns {Promise<string>}
 */
async function base64Of(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,?/, ""));
    reader.onerror = () => reject(reader.error ?? new Error("the file cannot be read"));
    reader.readAsDataURL(file);
  });
}

/** @param {string} text */
export function sizeOfBase64(text) {
  return (text.length / 4) * 3 - (text.match(/=+$/)?.[0].length ?? 0);
}

// ------------------------------------------------------------------ cells

/**
 * What to begin the edit of a cell with.
 * @param {Field} field
 * @param {any} cell its JSON form (result/encoding.py); undefined where there is none
 * @returns {Raw | null} null when the cell shows only a part of its value, and the whole has to be fetched
 */
export function rawOf(field, cell) {
  if (cell === undefined) return { missing: true };
  if (cell === null) return { null: true };
  switch (field.kind) {
    case "boolean":
      return { flag: cell === true };
    case "constant":
      return { choice: 0 };
    case "choice":
      return choiceOf(field.choices ?? [], cell);
    case "file":
      return typeof cell.$bytes === "string" && cell.$bytes.length === 2 * cell.size ? { bytes: base64OfHex(cell.$bytes) } : null;
    case "json": {
      const text = jsonOf(cell);
      return text === null ? null : { text };
    }
  }
  if (typeof cell === "string" || typeof cell === "number") return { text: String(cell) };
  const text = cell.$int ?? cell.$float ?? cell.$datetime;
  return text === undefined ? null : { text };
}

/**
 * @param {string[]} labels as fields.labels_of writes them
 * @param {any} cell
 * @returns {Raw}
 */
function choiceOf(labels, cell) {
  const label = cell === true ? "True" : cell === false ? "False" : String(cell.$int ?? cell);
  const quoted = labels.indexOf(`'${label}'`);
  const at = typeof cell === "string" && quoted >= 0 ? quoted : labels.findIndex((each) => each === label || (typeof cell === "number" && Number(each) === cell));
  return at < 0 ? { missing: true } : { choice: at };
}

/**
 * A cell as the JSON that the kernel reads (fields.value_of), or null when a part of the value is not in it.
 * @param {any} cell
 * @returns {string | null}
 */
function jsonOf(cell) {
  if (typeof cell !== "object" || cell === null) return JSON.stringify(cell);
  if (Array.isArray(cell)) return joined(cell.map(jsonOf), "[", "]");
  switch (Object.keys(cell)[0]) {
    case "$int":
      return cell.$int;
    case "$float":
      return cell.$float.replace("inf", "Infinity").replace("nan", "NaN");
    case "$datetime":
      return `{"$datetime": ${JSON.stringify(cell.$datetime)}}`;
    case "$bytes":
      return cell.$bytes.length === 2 * cell.size ? `{"$bytes": "${base64OfHex(cell.$bytes)}"}` : null;
    case "$text": // cut, as are the following; a vector's numbers are rounded
    case "$list":
    case "$object":
    case "$vector":
    case "$repr":
      return null;
  }
  const items = Object.entries(cell).map(([key, item]) => [JSON.stringify(key), jsonOf(item)]);
  return joined(items.map(([key, item]) => (item === null ? null : `${key}: ${item}`)), "{", "}");
}

/**
 * @param {(string | null)[]} parts
 * @param {string} before
 * @param {string} after
 */
function joined(parts, before, after) {
  return parts.includes(null) ? null : `${before}${parts.join(", ")}${after}`;
}

/** @param {string} hex */
function base64OfHex(hex) {
  return btoa((hex.match(/../g) ?? []).map((pair) => String.fromCharCode(parseInt(pair, 16))).join(""));
}
