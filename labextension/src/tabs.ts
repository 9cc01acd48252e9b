// The panel's sections behind their tabs. In: the context that is looked at, if somebody looks. Out: the chosen section is
// told of it, and of its end; arrow keys, Home and End go from tab to tab.

import { element, setChildren } from "../../reactive_nb/notebook/static/dom.js";
import type { Context, Section } from "./section";

/** The sections, one at a time. */
export class Tabs {
  readonly node = element("div", "rnb-panel-tabs");
  private readonly list = element("div", "rnb-panel-tablist");
  private readonly body = element("div", "rnb-panel-section");
  private readonly buttons: HTMLButtonElement[];
  private chosen: Section | null;
  private context: Context | null = null;
  private isLookedAt = false;
  private isShown = false;

  constructor(
    private readonly sections: readonly Section[],
    signal: AbortSignal,
  ) {
    this.list.setAttribute("role", "tablist");
    this.list.setAttribute("aria-label", "What to look at");
    this.body.setAttribute("role", "tabpanel");
    this.body.id = "rnb-panel-section";
    this.buttons = sections.map((section) => {
      const button = element("button", "rnb-panel-tab", section.label);
      button.type = "button";
      button.id = `rnb-panel-tab-${section.id}`;
      button.setAttribute("role", "tab");
      button.setAttribute("aria-controls", this.body.id);
      button.addEventListener("click", () => this.choose(section.id), { signal });
      return button;
    });
    this.list.addEventListener("keydown", (event) => this.onKey(event), { signal });
    this.list.append(...this.buttons);
    this.node.append(this.list, this.body);
    this.chosen = sections[0] ?? null;
    this.draw();
  }

  /** Have the chosen section show this, if somebody looks. */
  show(context: Context | null, isLookedAt: boolean): void {
    if (context === this.context && isLookedAt === this.isLookedAt) return;
    this.context = context;
    this.isLookedAt = isLookedAt;
    this.tell();
  }

  choose(id: string, key?: string): void {
    const section = this.sections.find((each) => each.id === id);
    if (section === undefined) return;
    if (section !== this.chosen) {
      this.hideChosen();
      this.chosen = section;
      this.draw();
    }
    this.tell(key);
  }

  focus(): void {
    this.buttons[this.sections.indexOf(this.chosen as Section)]?.focus();
  }

  dispose(): void {
    this.hideChosen();
    for (const section of this.sections) section.dispose();
  }

  private hideChosen(): void {
    if (this.isShown) this.chosen?.hide();
    this.isShown = false;
  }

  private tell(key?: string): void {
    if (this.context === null || !this.isLookedAt) return this.hideChosen();
    this.isShown = true;
    this.chosen?.show(this.context, key);
  }

  private draw(): void {
    for (const [place, section] of this.sections.entries()) {
      const button = this.buttons[place];
      if (button === undefined) continue;
      const isChosen = section === this.chosen;
      button.setAttribute("aria-selected", String(isChosen));
      button.tabIndex = isChosen ? 0 : -1;
      if (isChosen) this.body.setAttribute("aria-labelledby", button.id);
    }
    if (this.chosen !== null) setChildren(this.body, [this.chosen.node]);
  }

  private onKey(event: KeyboardEvent): void {
    const here = this.sections.indexOf(this.chosen as Section);
    const count = this.sections.length;
    const goals: Record<string, number> = { ArrowRight: (here + 1) % count, ArrowLeft: (here + count - 1) % count, Home: 0, End: count - 1 };
    const goal = goals[event.key];
    const section = goal === undefined ? undefined : this.sections[goal];
    if (section === undefined) return;
    event.preventDefault();
    this.choose(section.id);
    this.focus();
  }
}
