// Which part of a table is shown, as a form: the index, the order, and inputs for the index's fields. In: what the kernel
// said of the index. Out: the part that the reader asks for; what the kernel refuses stands beside its input.

import { element } from "../../../reactive_nb/notebook/static/dom.js";
import { makeInput, type Input, type Raw } from "../../../reactive_nb/notebook/static/inputs.js";
import type { Search } from "../../../reactive_nb/notebook/static/picker.js";
import { textOfError } from "../../../reactive_nb/notebook/static/submission.js";
import { boundFields, isEmpty, isNarrowed, orderText, wholePart, type NamedField, type Opened, type Part } from "./place";

/** An error that names an input: `from`, `to`, or `=` and a field. */
interface InputError {
  readonly message: string;
  readonly field?: string;
  readonly thing?: string;
  readonly expected?: string;
  readonly hint?: string;
}

export class RangeForm {
  readonly node = element("form", "rnb rnb-browser-range");
  private readonly index = element("select", "rnb-control rnb-browser-index");
  private readonly order = element("select", "rnb-control rnb-browser-order");
  private readonly fields = element("div", "rnb-browser-bounds");
  private readonly unfold = element("button", "rnb-lab-button", "Range");
  private readonly apply = element("button", "rnb-lab-button", "Apply");
  private readonly clear = element("button", "rnb-lab-button", "Clear");
  /** By the name under which the kernel refuses them. */
  private readonly inputs = new Map<string, Input>();
  private shown = "";
  /** What was asked for last, whether the kernel has answered or not: the next choice goes on from there. */
  private part: Part;
  /** The index to which the inputs belong. */
  private inputsOf = "";

  /**
   * @param part what is shown at first
   * @param ask shows another part
   * @param search finds documents of a table, for a field of ids
   */
  constructor(
    part: Part,
    ask: (part: Part) => void,
    private readonly search: (table: string) => Search,
    signal: AbortSignal,
  ) {
    this.part = part;
    this.node.noValidate = true;
    this.node.setAttribute("aria-label", "Which documents are shown");
    this.index.setAttribute("aria-label", "Index");
    this.index.title = "The index by which the table is read";
    this.order.setAttribute("aria-label", "Order");
    this.unfold.type = "button";
    this.unfold.title = "Show only documents with some values in the index's fields";
    this.apply.type = "submit";
    this.clear.type = "button";
    const want = (wanted: Part): void => {
      this.part = wanted;
      ask(wanted);
    };
    this.index.addEventListener("change", () => want({ ...wholePart(this.index.value), order: this.part.order }), { signal });
    this.order.addEventListener("change", () => want({ ...this.read(), order: this.order.value === "desc" ? "desc" : "asc" }), { signal });
    this.clear.addEventListener("click", () => want({ ...this.part, equal: {}, from: null, to: null }), { signal });
    this.node.addEventListener(
      "submit",
      (event) => {
        event.preventDefault();
        want(this.read());
      },
      { signal },
    );
    // An input of several lines, such as JSON, keeps its Enter; here it is short, and Enter applies it.
    this.node.addEventListener(
      "keydown",
      (event) => {
        if (event.key !== "Enter" || event.shiftKey || event.defaultPrevented || !(event.target instanceof HTMLTextAreaElement)) return;
        event.preventDefault();
        this.node.requestSubmit();
      },
      { signal },
    );
    this.fields.hidden = true;
    this.unfold.setAttribute("aria-expanded", "false");
    this.unfold.addEventListener("click", () => this.setOpen(this.fields.hidden), { signal });
    this.node.append(this.index, this.order, this.unfold, this.fields);
  }

  /** Show what is asked for now, after the kernel has answered. */
  show(opened: Opened, part: Part): void {
    this.part = part;
    this.inputsOf = part.index;
    const options = opened.indexes.map(({ name, fields }) => {
      const option = element("option", "", name);
      option.value = name;
      option.title = fields.join(", ");
      return option;
    });
    this.index.replaceChildren(...options);
    this.index.value = opened.index;
    const fields = opened.indexes.find(({ name }) => name === opened.index)?.fields ?? [];
    this.index.title = `The table is read by ${opened.index}: ${fields.join(", ")}`;
    const orders = (["asc", "desc"] as const).map((order) => {
      const option = element("option", "", orderText(fields, order));
      option.value = order;
      return option;
    });
    this.order.replaceChildren(...orders);
    this.order.value = part.order;
    this.clear.hidden = !isNarrowed(part);
    if (isNarrowed(part)) this.setOpen(true);
    this.showFields(opened.inputs, part);
    this.setError(null);
  }

  /** Say beside an input why the kernel refused it. @returns whether there is such an input */
  setError(error: InputError | null): boolean {
    for (const input of this.inputs.values()) input.setError(null);
    const input = error?.field === undefined ? undefined : this.inputs.get(error.field);
    if (error === null || input === undefined) return false;
    this.setOpen(true);
    input.setError(textOfError(error));
    input.focus();
    return true;
  }

  setDisabled(disabled: boolean): void {
    for (const control of [this.index, this.order, this.unfold, this.apply, this.clear]) control.disabled = disabled;
    for (const input of this.inputs.values()) input.setDisabled(disabled);
  }

  private setOpen(isOpen: boolean): void {
    this.fields.hidden = !isOpen;
    this.unfold.setAttribute("aria-expanded", String(isOpen));
  }

  /** The part that stands in the inputs; while these are still those of another index, what was asked for. */
  private read(): Part {
    if (this.part.index !== this.inputsOf) return this.part;
    const equal: Record<string, Raw> = {};
    const raw = (name: string): Raw | null => {
      const found = this.inputs.get(name)?.raw() ?? null;
      return isEmpty(found) ? null : found;
    };
    for (const name of this.inputs.keys()) {
      const given = name.startsWith("=") ? raw(name) : null;
      if (given !== null) equal[name.slice(1)] = given;
    }
    return { index: this.part.index, order: this.part.order, equal, from: raw("from"), to: raw("to") };
  }

  /** The first fields with one value each, then the next one with its bounds: what a range of an index can be. */
  private showFields(inputs: readonly NamedField[], part: Part): void {
    const bound = boundFields(inputs, part.equal);
    const shape = JSON.stringify([part.index, bound, inputs, part.equal, part.from, part.to]);
    if (shape === this.shown) return; // what is being typed stays
    this.shown = shape;
    const focused = [...this.inputs].find(([, input]) => input.element.contains(document.activeElement))?.[0];
    this.inputs.clear();
    const lines = inputs.slice(0, bound + 1).map((field) => {
      const isFree = field.name === inputs[bound]?.name;
      const line = element("div", "rnb-browser-bound");
      line.append(element("code", "rnb-browser-bound-field", field.name), this.input(field, "=", `=${field.name}`, part.equal[field.name] ?? null));
      if (isFree) line.append(this.input(field, "from", "from", part.from), this.input(field, "to", "to", part.to));
      return line;
    });
    this.fields.replaceChildren(...lines, this.apply, this.clear);
    if (focused !== undefined) this.inputs.get(focused)?.focus();
  }

  private input(field: NamedField, word: "=" | "from" | "to", name: string, raw: Raw | null): HTMLElement {
    const search = field.kind === "id" && field.table !== undefined ? this.search(field.table) : undefined;
    const input = makeInput(field, raw ?? { missing: true }, search);
    this.inputs.set(name, input);
    const label = element("label", "rnb-browser-bound-word", word);
    label.htmlFor = input.labelTarget;
    input.element.querySelector("input, select, textarea, output")?.setAttribute("aria-label", `${field.name} ${word}`);
    label.title = field.describe;
    const pair = element("span", "rnb-browser-bound-pair");
    pair.append(label, input.element);
    return pair;
  }
}
