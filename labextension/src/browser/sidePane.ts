// What stands at the side of a data browser's rows, one thing at a time. In: a title and elements. Out: a pane that a button
// in it closes.

import { closeIcon } from "@jupyterlab/ui-components";
import { element } from "../../../reactive_nb/notebook/static/dom.js";
import { iconButton } from "../parts";

export class SidePane {
  readonly node = element("aside", "rnb-browser-side");

  /** @param closed called when its own button is pressed */
  constructor(
    private readonly closed: () => void,
    private readonly signal: AbortSignal,
  ) {
    this.node.hidden = true;
  }

  open(title: string, content: readonly HTMLElement[]): void {
    const head = element("header", "rnb-browser-side-head");
    head.append(element("h2", "", title), iconButton(closeIcon, "Close", this.closed, this.signal));
    const body = element("div", "rnb-browser-side-body");
    body.append(...content);
    this.node.setAttribute("aria-label", title);
    this.node.replaceChildren(head, body);
    this.node.hidden = false;
  }

  /** @returns whether the focus was in it */
  close(): boolean {
    const hadFocus = this.node.contains(document.activeElement);
    this.node.hidden = true;
    this.node.replaceChildren();
    return hadFocus;
  }

  /** Put the focus on the first input. */
  focusInput(): void {
    this.node.querySelector<HTMLElement>("input, textarea, select")?.focus();
  }
}
