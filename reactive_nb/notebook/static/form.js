// A form on a page: labels and inputs one below the other, a button, and what came of the last run.

import { element } from "./dom.js";
import { SubmissionView, sourceOf, submits } from "./submission.js";

/**
 * The inputs of a submission with their labels, and below them its button and what came of it.
 * @param {SubmissionView} view
 */
export function formOf(view) {
  const form = element("form", "rnb-fields");
  form.noValidate = true;
  form.setAttribute("aria-label", view.spec.title);
  for (const { field, input } of view.inputs.values()) {
    const label = element("label", "rnb-label", field.label);
    label.htmlFor = input.labelTarget;
    label.title = field.describe;
    if (field.optional) label.append(" ", element("span", "rnb-optional", "optional"));
    form.append(label, input.element);
  }
  const foot = element("div", "rnb-actions");
  foot.append(view.button, view.progress, view.outcome);
  form.append(foot);
  submits(form, view);
  return form;
}

/** @param {{model: any, el: HTMLElement}} context what anywidget hands over for each view */
function render({ model, el }) {
  const root = element("div", "rnb rnb-form");
  const view = new SubmissionView(sourceOf(model), root);
  const head = element("div", "rnb-head");
  head.append(element("span", "rnb-title", view.spec.title), element("span", "rnb-about", view.spec.about));
  root.append(head, formOf(view));
  el.classList.add("rnb-host"); // not its style, which is of its ipywidgets layout
  el.append(root);
}

export default { render };
