// Small parts that every section is made of: a button with an icon, and a box to filter by. In: words and what to do. Out:
// elements that a keyboard reaches and a screen reader can name.

import type { LabIcon } from "@jupyterlab/ui-components";
import { element } from "../../reactive_nb/notebook/static/dom.js";

/** Return a button that shows an icon only; its name is told at hover and to screen readers. */
export function iconButton(icon: LabIcon, label: string, act: () => void, signal: AbortSignal): HTMLButtonElement {
  const button = element("button", "rnb-lab-icon-button");
  button.type = "button";
  button.title = label;
  button.setAttribute("aria-label", label);
  icon.element({ container: button, tag: "span", stylesheet: "menuItem" });
  button.addEventListener("click", act, { signal });
  return button;
}

/** Return a button that says what it does. */
export function textButton(label: string, act: () => void, signal: AbortSignal): HTMLButtonElement {
  const button = element("button", "rnb-lab-button", label);
  button.type = "button";
  button.addEventListener("click", act, { signal });
  return button;
}

/** Return a box in which people write what the items they want have in their text; Escape empties it. */
export function filterBox(label: string, changed: (words: string) => void, signal: AbortSignal): HTMLInputElement {
  const box = element("input", "rnb-lab-filter");
  box.type = "search";
  box.placeholder = label;
  box.spellcheck = false;
  box.setAttribute("aria-label", label);
  box.addEventListener("input", () => changed(box.value), { signal });
  box.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || box.value === "") return;
      box.value = "";
      changed("");
      event.stopPropagation();
    },
    { signal },
  );
  return box;
}

/** Whether a text has all the words in it, in any order, in capitals or not. */
export function matches(text: string, words: string): boolean {
  const low = text.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => low.includes(word));
}

const NUMBERS = new Intl.NumberFormat("en");

/** Return a whole number as people read it: `12,345`. */
export const numberText = (number: number): string => NUMBERS.format(number);

/** Return a number with its noun: `1 table`, `1,200 tables`. */
export const countText = (number: number, noun: string): string => `${numberText(number)} ${noun}${number === 1 ? "" : "s"}`;
