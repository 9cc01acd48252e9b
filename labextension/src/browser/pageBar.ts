// The bar above the rows: the pages, how it is with the rows, and what can be done with documents. In: what is so now. Out:
// buttons that say what they do, and that are disabled where it cannot be done.

import { addIcon, deleteIcon, historyIcon, redoIcon, undoIcon, type LabIcon } from "@jupyterlab/ui-components";
import { element, isOfComposition, setText } from "../../../reactive_nb/notebook/static/dom.js";
import { iconButton, textButton } from "../parts";
import type { UndoStack } from "./undoStack";

type ButtonName = "first" | "previous" | "next" | "last" | "insert" | "delete" | "undo" | "redo" | "history";

/** What each button does, and the box for a row or an id. */
export type BarActs = Record<ButtonName, () => void> & { readonly jump: (text: string) => void };

/** What the bar shows. */
export interface BarState {
  /** Which rows are shown, in words. */
  readonly words: string;
  /** How it is with the rows: `live`, `stale`, … */
  readonly state: string;
  readonly stateWord: string;
  readonly isAlive: boolean;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly canWrite: boolean;
  /** What stands at the side. */
  readonly pane: "insert" | "history" | null;
}

const ARROWS: readonly (readonly ["first" | "previous" | "next" | "last", string, string])[] = [
  ["first", "«", "First page"],
  ["previous", "‹", "Previous page"],
  ["next", "›", "Next page"],
  ["last", "»", "Last page"],
];

const ICONS: readonly (readonly ["insert" | "delete" | "undo" | "redo" | "history", LabIcon, string])[] = [
  ["insert", addIcon, "Insert a document"],
  ["delete", deleteIcon, "Delete the selected documents"],
  ["undo", undoIcon, "Undo"],
  ["redo", redoIcon, "Redo"],
  ["history", historyIcon, "History of the selected document"],
];

export class PageBar {
  readonly node = element("div", "rnb-browser-bar");
  private readonly words = element("span", "rnb-browser-page");
  private readonly state = element("span", "rnb-browser-state");
  private readonly buttons = new Map<ButtonName, HTMLButtonElement>();

  constructor(acts: BarActs, signal: AbortSignal) {
    for (const [name, sign, label] of ARROWS) {
      const button = textButton(sign, acts[name], signal);
      button.className = "rnb-lab-icon-button rnb-browser-arrow";
      this.buttons.set(name, named(button, label));
    }
    for (const [name, icon, label] of ICONS) this.buttons.set(name, iconButton(icon, label, acts[name], signal));
    this.words.setAttribute("aria-live", "polite");
    const pages = element("div", "rnb-browser-pages");
    pages.append(this.button("first"), this.button("previous"), this.words, this.button("next"), this.button("last"), this.state);
    const rest = element("div", "rnb-browser-acts");
    rest.append(jumpBox(acts.jump, signal), ...ICONS.map(([name]) => this.button(name)));
    this.node.setAttribute("role", "toolbar");
    this.node.setAttribute("aria-label", "Pages and documents");
    this.node.append(pages, rest);
  }

  draw(now: BarState, steps: UndoStack): void {
    setText(this.words, now.words);
    setText(this.state, now.stateWord);
    this.state.dataset["state"] = now.state;
    const isOff: Record<ButtonName, boolean> = {
      first: !now.isAlive || now.isFirst,
      previous: !now.isAlive || now.isFirst,
      next: !now.isAlive || now.isLast,
      last: !now.isAlive || now.isLast,
      insert: !now.canWrite,
      delete: !now.canWrite,
      undo: !now.canWrite || steps.nextUndo === null,
      redo: !now.canWrite || steps.nextRedo === null,
      history: !now.isAlive,
    };
    for (const [name, button] of this.buttons) button.disabled = isOff[name];
    for (const name of ["insert", "history"] as const) this.button(name).setAttribute("aria-pressed", String(now.pane === name));
    named(this.button("undo"), `Undo ${steps.nextUndo?.words ?? ""} (Ctrl+Z)`);
    named(this.button("redo"), `Redo ${steps.nextRedo?.words ?? ""} (Ctrl+Shift+Z)`);
  }

  private button(name: ButtonName): HTMLButtonElement {
    const found = this.buttons.get(name);
    if (found === undefined) throw new Error(`There is no button ${name}`);
    return found;
  }
}

function named(button: HTMLButtonElement, label: string): HTMLButtonElement {
  const text = label.replace(/\s+/g, " ");
  if (button.title === text) return button;
  button.title = text;
  button.setAttribute("aria-label", text);
  return button;
}

function jumpBox(jump: (text: string) => void, signal: AbortSignal): HTMLInputElement {
  const box = element("input", "rnb-browser-jump");
  box.type = "search";
  box.placeholder = "row or id";
  box.spellcheck = false;
  box.title = "Go to a row by its number, or to a document by its id";
  box.setAttribute("aria-label", "Go to a row or an id");
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && !isOfComposition(event)) jump(box.value.trim());
  };
  box.addEventListener("keydown", onKey, { signal });
  return box;
}
