// The section Functions. In: the list of queries, mutations and actions. Out: each with its arguments; the selected one with
// what it does, where it is defined, and a form that runs it (runner.ts).

import { codeIcon } from "@jupyterlab/ui-components";
import { element, setText } from "../../../reactive_nb/notebook/static/dom.js";
import { RequestError } from "../../../reactive_nb/notebook/static/session.js";
import { canGoTo, goToDefinition } from "../definition";
import { ListSection, setParts, type Line } from "../listSection";
import type { FunctionItem } from "../messages";
import { countText, textButton } from "../parts";
import { Runner, type Spec } from "../runner";
import type { Context } from "../section";

const KINDS = { query: "query", mutation: "mutation", action: "action", httpAction: "HTTP action" } as const;

export class Functions extends ListSection<FunctionItem> {
  private readonly name = element("span", "rnb-details-name");
  private readonly kind = element("span", "rnb-details-count");
  private readonly doc = element("p", "rnb-functions-doc");
  private readonly place = textButton("", () => this.goTo(), this.life.signal);
  private readonly placeText = element("span", "rnb-details-count");
  private readonly lives = textButton("", () => this.showLives(), this.life.signal);
  private readonly body = element("div", "rnb-details-body");
  private selected: FunctionItem | null = null;
  private runner: Runner | null = null;
  /** The function whose form is shown or asked for: another object when it is defined again. */
  private running: { readonly context: Context; readonly path: string; readonly about: string } | null = null;

  constructor() {
    super({
      id: "functions",
      label: "Functions",
      icon: codeIcon,
      filter: "Filter functions and arguments",
      rowHeight: 42,
      empty: "There are no functions yet. Declare one: write @db.query above a def.",
      emptyThen: "There are no functions yet.",
    });
    const head = element("div", "rnb-details-head");
    head.append(this.name, this.kind);
    const links = element("div", "rnb-details-actions");
    links.append(this.place, this.placeText, this.lives);
    this.lives.title = "Show them under Live";
    this.details.append(head, this.doc, links, this.body);
  }

  override show(context: Context, key?: string): void {
    const { running } = this;
    if (running !== null && (running.context.link !== context.link || running.context.db !== context.db)) this.clearDetails();
    this.runner?.show(context);
    super.show(context, key);
  }

  override hide(): void {
    super.hide();
    this.runner?.hide();
  }

  override dispose(): void {
    this.clearDetails();
    super.dispose();
  }

  protected textOf(item: FunctionItem): string {
    return [item.path, kindText(item), ...item.args.map(({ name }) => name)].join(" ");
  }

  protected drawRow(row: HTMLElement, item: FunctionItem): void {
    row.classList.add("rnb-row-double");
    row.classList.toggle("rnb-functions-internal", item.internal);
    setParts(row, [
      ["rnb-row-name", item.path],
      ["rnb-row-note", kindText(item)],
      ["rnb-row-second", signature(item)],
    ]);
    row.title = [`${item.path}: ${signature(item)}`, item.doc].filter(Boolean).join("\n");
    row.setAttribute("aria-label", `${item.path}, ${kindText(item)}, ${signature(item)}`);
  }

  protected drawDetails({ item }: Line<FunctionItem>): void {
    const { context } = this;
    this.selected = item;
    setText(this.name, item.path);
    setText(this.kind, kindText(item));
    setText(this.doc, item.doc);
    this.doc.hidden = item.doc === "";
    const isReachable = canGoTo(item);
    setText(this.place, item.place);
    setText(this.placeText, item.place);
    this.place.hidden = !isReachable;
    this.placeText.hidden = isReachable || item.place === "";
    this.place.title = item.cell === null ? `Open ${item.file ?? ""} at line ${item.line}` : `Go to the cell that defines it, ${item.place}`;
    this.placeText.title = item.file ?? "";
    setText(this.lives, countText(item.runs_live, "live result"));
    this.lives.hidden = item.runs_live === 0;
    const about = JSON.stringify({ ...item, runs_live: 0 });
    if (context === null || (this.running?.path === item.path && this.running.about === about)) return;
    void this.open(context, item, about);
  }

  protected override clearDetails(): void {
    this.selected = null;
    this.running = null;
    this.runner?.dispose();
    this.runner = null;
    this.body.replaceChildren();
  }

  private goTo(): void {
    if (this.selected !== null && this.context !== null) void goToDefinition(this.context, this.selected);
  }

  private showLives(): void {
    if (this.selected !== null) this.context?.showSection("lives", `path:${this.selected.path}`);
  }

  /** Show a function's form; what stands in it stays when the function is defined again with the same arguments. */
  private async open(context: Context, item: FunctionItem, about: string): Promise<void> {
    if (this.running?.path !== item.path) {
      if (this.running !== null) context.status(""); // what was said of another one
      this.clearDetails();
      this.selected = item;
    }
    const running = (this.running = { context, path: item.path, about });
    let spec: Spec;
    try {
      ({ spec } = await context.link.request<{ spec: Spec }>("functions.form", { db: context.db, path: item.path }));
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (this.running !== running) return;
      this.runner?.dispose();
      this.runner = null;
      this.body.replaceChildren(element("p", "rnb-details-note rnb-lab-error", `${error.name}: ${error.message}`));
      return;
    }
    if (this.running !== running) return; // another one was selected meanwhile
    if (this.runner !== null && JSON.stringify(this.runner.spec) === JSON.stringify(spec)) return;
    this.runner?.dispose();
    this.runner = new Runner(this.context ?? context, item.path, spec);
    this.body.replaceChildren(this.runner.node);
  }
}

const kindText = ({ kind, internal }: FunctionItem): string => (internal ? `internal ${KINDS[kind]}` : KINDS[kind]);

/** The arguments as a signature: `channel: a string, limit?: an int`. */
function signature({ args, takes_any }: FunctionItem): string {
  const texts = args.map(({ name, type, optional }) => `${name}${optional ? "?" : ""}: ${type}`);
  return [...texts, ...(takes_any ? ["any others"] : [])].join(", ") || "no arguments";
}
