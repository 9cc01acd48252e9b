// A new document, as a form at the side of its table. In: the inputs that the table's declaration makes, or one for JSON.
// Out: `data.insert`, and its refusal beside the input that it is about. The form is the notebook's own (static/form.js).

import { element } from "../../../reactive_nb/notebook/static/dom.js";
import { formOf } from "../../../reactive_nb/notebook/static/form.js";
import type { Search } from "../../../reactive_nb/notebook/static/picker.js";
import { SubmissionView, type Source } from "../../../reactive_nb/notebook/static/submission.js";
import type { NamedField } from "./place";

/** What `data.insert` answers. */
export interface Inserted {
  readonly id: string;
  readonly ts: number;
  readonly undo: boolean;
}

/**
 * Return a form that inserts a document.
 *
 * @param insert asks the kernel; what it refuses is shown in the form
 * @param search finds documents of a table, for a field of ids
 */
export function insertForm(
  table: string,
  fields: readonly NamedField[],
  insert: (values: object) => Promise<Inserted>,
  search: (table: string) => Search,
): HTMLElement {
  const isJson = fields.length === 1 && fields[0]?.kind === "json" && fields[0].name === "document";
  const about = isJson ? 'its fields as JSON: {"title": "hello"}' : "";
  const root = element("div", "rnb rnb-form rnb-browser-form");
  const head = element("div", "rnb-head");
  head.append(element("span", "rnb-about", about));
  head.hidden = about === "";
  const source: Source = {
    spec: { title: `New document of ${table}`, label: "Insert", about, kind: "mutation", fields: [...fields] },
    connection: () => Promise.resolve("alive"),
    async ask(method, params) {
      const { values, field, text } = params as { values?: object; field?: string; text?: string };
      if (method === "submit") return { result: null, ts: (await insert(values ?? {})).ts };
      return search(fields.find(({ name }) => name === field)?.table ?? "")(text ?? "");
    },
  };
  root.append(head, formOf(new SubmissionView(source, root)));
  return root;
}
