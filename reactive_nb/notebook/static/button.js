// A button on a page: what it still has to be told, the button, and what came of the last press, in one line.

import { element } from "./dom.js";
import { SubmissionView, sourceOf, submits } from "./submission.js";

/** @param {{model: any, el: HTMLElement}} context what anywidget hands over for each view */
function render({ model, el }) {
  const root = element("div", "rnb rnb-button");
  const view = new SubmissionView(sourceOf(model), root);
  const form = element("form", "rnb-press");
  form.noValidate = true;
  for (const { field, input } of view.inputs.values()) {
    const label = element("label", "rnb-label", field.label);
    label.htmlFor = input.labelTarget;
    label.title = field.describe;
    const pair = element("div", "rnb-pair");
    pair.append(label, input.element);
    form.append(pair);
  }
  view.button.title = view.spec.about || view.spec.title;
  form.append(view.button, view.progress, view.outcome);
  submits(form, view);
  root.append(form);
  el.classList.add("rnb-host"); // not its style, which is of its ipywidgets layout
  el.append(root);
}

export default { render };
