// Outputs as anywidget loads them: what `live.view`, `live.plot` and `%%live` show.

import { ContentViewer, renderContent } from "./contentview.js";

/** What anywidget calls once for each widget on the page. */
export default () => ({
  /** @param {{model: any, el: HTMLElement, signal: AbortSignal}} context */
  render: (context) => renderContent(context, ContentViewer),
});
