// The picker of a document: a box in which its texts are searched, or its id is given, and a list of what was found. In:
// what finds documents. Out: the raw of an id. Keys are those of every combobox: arrows, Enter, Escape.

import { element, isOfComposition } from "./dom.js";
import { randomName } from "./session.js";

/** How long a person pauses before documents are searched, in milliseconds. */
const SEARCH_MS = 150;

/**
 * @typedef {{id: string, label: string}} Option a document
 * @typedef {{options: Option[], more: boolean}} Found
 * @typedef {(text: string) => Promise<Found>} Search
 * @typedef {import("./inputs.js").Raw} Raw
 */

/**
 * @param {HTMLInputElement} box
 * @param {{button: HTMLElement, raw: () => Raw, set: (raw: Raw | null) => void}} empty what the box means when it is empty
 * @param {Search | undefined} search
 * @returns {import("./inputs.js").Control}
 */
export function pickerControl(box, empty, search) {
  const list = element("ul", "rnb-options");
  list.id = `rnb-${randomName()}`;
  list.setAttribute("role", "listbox");
  // In the top layer nothing around it can cut it off; where a browser has none it pushes down what follows.
  const floats = typeof HTMLElement.prototype.showPopover === "function";
  if (floats) list.popover = "manual";
  else list.hidden = true;
  box.autocomplete = "off";
  box.spellcheck = false;
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id })) box.setAttribute(name, value);
  box.setAttribute("aria-expanded", "false");

  /** @type {Option | null} the document whose label stands in the box */
  let picked = null;
  /** @type {Option[]} */
  let options = [];
  let active = -1;
  let isOpen = false;
  /** Whether the text is another than the one that the options were found for. */
  let isStale = false;
  let asked = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const close = () => {
    clearTimeout(timer);
    asked += 1; // an answer on its way is not waited for any more
    if (!isOpen) return;
    isOpen = false;
    if (floats) list.hidePopover();
    else list.hidden = true;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
    removeEventListener("scroll", follow, true);
    removeEventListener("resize", follow);
  };
  const follow = () => {
    if (!box.isConnected) close(); // taken out without a word, as an editor is by Tab
    else if (floats) placeBelow(list, box);
  };
  const open = () => {
    if (!isOpen) {
      isOpen = true;
      if (floats) list.showPopover();
      else list.hidden = false;
      box.setAttribute("aria-expanded", "true");
      addEventListener("scroll", follow, true);
      addEventListener("resize", follow);
    }
    follow();
  };
  const activate = (/** @type {number} */ at) => {
    active = at;
    [...list.children].forEach((item, each) => item.setAttribute("aria-selected", String(each === at)));
    const item = list.children[at];
    if (item === undefined) return box.removeAttribute("aria-activedescendant");
    box.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  };
  const pick = (/** @type {Option} */ option) => {
    picked = option;
    box.value = option.label;
    box.title = option.id;
    box.dispatchEvent(new Event("input"));
    close();
  };
  const show = (/** @type {Found} */ found) => {
    options = found.options;
    isStale = false;
    const items = options.map((option) => {
      const item = element("li", "rnb-option");
      item.id = `rnb-${randomName()}`;
      item.setAttribute("role", "option");
      item.append(element("span", "", option.label), element("code", "", option.id === option.label ? "" : `…${option.id.slice(-6)}`)); // ids of one time begin alike
      item.addEventListener("mousedown", (event) => {
        event.preventDefault(); // the focus stays in the box
        pick(option);
      });
      return item;
    });
    const note = found.more ? "more documents match or were not looked at: type more, or a whole id" : items.length ? "" : "no document matches";
    list.replaceChildren(...items);
    if (note) {
      const last = element("li", "rnb-options-note", note);
      last.setAttribute("role", "presentation");
      list.append(last);
    }
    open();
    activate(box.value.trim() && items.length ? 0 : -1);
  };
  const ask = async (/** @type {string} */ text) => {
    if (search === undefined) return;
    const mine = (asked += 1);
    const found = await search(text).catch(() => null); // what is wrong shows when the form is submitted
    if (mine !== asked || !box.isConnected) return;
    if (found === null) close();
    else show(found);
  };
  const askSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(box.value), SEARCH_MS);
  };

  box.addEventListener("input", (event) => {
    if (!event.isTrusted) return; // picked, and not typed
    picked = null;
    box.title = "";
    isStale = true;
    askSoon();
  });
  box.addEventListener("click", () => isOpen || void ask(picked === null ? box.value : ""));
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (event) => {
    if (isOfComposition(event)) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      if (!isOpen) void ask(picked === null ? box.value : "");
      else if (options.length) activate((active + step + options.length) % options.length);
    } else if (event.key === "Enter" && isOpen && active >= 0) {
      event.preventDefault(); // it picks, and submits nothing
      event.stopPropagation();
      if (!isStale) return pick(options[active]);
      clearTimeout(timer); // what it would pick is not what was typed
      void ask(box.value);
    } else if (event.key === "Escape" && isOpen) {
      event.stopPropagation();
      close();
    }
  });

  return {
    parts: [box, empty.button, list],
    target: box,
    raw: () => (picked !== null ? { text: picked.id } : box.value.trim() === "" ? empty.raw() : { text: box.value.trim() }),
    set(raw) {
      const id = raw?.text ?? "";
      picked = null;
      box.value = id;
      box.title = "";
      empty.set(raw);
      if (id === "" || search === undefined) return;
      void search(id).then(
        (answer) => {
          const [found] = answer.options;
          if (box.value !== id) return;
          if (found?.id !== id) {
            // Typed on a cell: the search has begun with it.
            if (box === document.activeElement) show(answer);
            return;
          }
          const isAllSelected = box === document.activeElement && box.selectionStart === 0 && box.selectionEnd === id.length;
          picked = found;
          box.value = found.label;
          box.title = id;
          if (isAllSelected) box.select();
        },
        () => {}, // the id stands there, and is as good
      );
    },
  };
}

/**
 * @param {HTMLElement} list in the top layer
 * @param {HTMLElement} box
 */
function placeBelow(list, box) {
  const place = box.getBoundingClientRect();
  list.style.minWidth = `${place.width}px`;
  list.style.left = `${Math.max(4, Math.min(place.left, innerWidth - list.offsetWidth - 4))}px`;
  const fits = place.bottom + list.offsetHeight <= innerHeight || place.top < list.offsetHeight;
  list.style.top = `${fits ? place.bottom + 1 : place.top - list.offsetHeight - 1}px`;
}
