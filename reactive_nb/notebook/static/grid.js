// The live table as anywidget loads it: one rendering is one viewer of the page's session. In: the widget's model. Out: a
// GridView that shows the snapshot at once, and lives as soon as the channel is found.

import { sessionOf } from "./session.js";
import { GridView } from "./gridview.js";
import { Editing } from "./editing.js";
import { listenToGrid } from "./gridevents.js";

/** What anywidget calls once for each widget on the page. */
export default () => ({
  /** @param {{model: any, el: HTMLElement, signal: AbortSignal}} context what anywidget hands over for each rendering */
  render({ model, el, signal }) {
    el.classList.add("rnb-host"); // not its style, which is of its ipywidgets layout
    const view = new GridView(el, model.get("snapshot"));
    new Editing(view);
    listenToGrid(view, signal);
    signal.addEventListener("abort", () => {
      view.session?.hide(view);
      view.dispose();
    });
    // Not awaited: the snapshot can be shown at once, also in a saved notebook where no channel is found.
    sessionOf(model).then((session) => {
      if (signal.aborted) return;
      view.session = session;
      session.show(view);
    });
  },
});
