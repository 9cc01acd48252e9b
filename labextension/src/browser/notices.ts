// What a data browser says above its rows: one line about what has happened, and a question before documents are deleted.
// In: texts, and what can be done about them. Out: elements that screen readers read out.

import { closeIcon } from "@jupyterlab/ui-components";
import { element } from "../../../reactive_nb/notebook/static/dom.js";
import { iconButton, textButton } from "../parts";

/** What can be done about something: a word, and the act. */
export type Action = readonly [string, () => void];

export class Notices {
  readonly line = element("div", "rnb-browser-line");
  readonly question = element("div", "rnb-browser-confirm");

  /** @param focusBack gives the focus to what had it before the question */
  constructor(
    private readonly focusBack: () => void,
    private readonly signal: AbortSignal,
  ) {
    this.line.setAttribute("role", "status");
    this.line.hidden = this.question.hidden = true;
    this.question.setAttribute("role", "group");
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.closeQuestion();
    };
    this.question.addEventListener("keydown", onKey, { signal });
  }

  /** Say something until something else is said; an empty text takes it away. */
  say(text: string, isError = false, action?: Action): void {
    this.line.hidden = text === "";
    this.line.classList.toggle("rnb-lab-error", isError);
    this.line.setAttribute("role", isError ? "alert" : "status");
    const parts: HTMLElement[] = [element("span", "", text)];
    if (action !== undefined) parts.push(textButton(...action, this.signal));
    if (text !== "") parts.push(iconButton(closeIcon, "Dismiss", () => this.say(""), this.signal));
    this.line.replaceChildren(...parts);
  }

  /** Ask before something is done that cannot be overlooked; Escape and Cancel leave it. */
  ask(text: string, [word, act]: Action): void {
    const yes = textButton(
      word,
      () => {
        this.closeQuestion();
        act();
      },
      this.signal,
    );
    yes.classList.add("rnb-browser-danger");
    this.question.setAttribute("aria-label", text);
    this.question.replaceChildren(element("span", "", text), yes, textButton("Cancel", () => this.closeQuestion(), this.signal));
    this.question.hidden = false;
    yes.focus();
  }

  private closeQuestion(): void {
    this.question.hidden = true;
    this.question.replaceChildren();
    this.focusBack();
  }
}
