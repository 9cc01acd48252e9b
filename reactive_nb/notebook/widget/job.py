"""The widget of a scheduled cell: the outputs of its last run, and below them how it is with the job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reactive_nb.notebook.page.module import page_module, page_style
from reactive_nb.notebook.page.view import ContentView, JobView
from reactive_nb.notebook.widget.content import ContentWidget


class JobWidget(ContentWidget):
    """Outputs that are replaced by each run, the state of the job, and buttons.

    Args:
        view: Holds the outputs and what is known of the job; a `JobPanel`'s view.
        describe: Returns what is known of a job as one line, for places where nothing is live.
    """

    _esm = page_module("job.js")
    _css = page_style("base.css", "content.css", "job.css")

    def __init__(self, view: JobView, describe: Callable[[dict[str, Any]], str]) -> None:
        self._describe = describe
        super().__init__(view)

    def _name(self, view: ContentView) -> str:
        job = view.job if isinstance(view, JobView) else None
        return super()._name(view) if job is None else self._describe(job)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Return the widget; where nothing is live, its outputs and a line about the job, as they are now."""
        data, metadata = super()._repr_mimebundle_(**options)
        shown, line = data["text/plain"], repr(self)
        return {**data, "text/plain": shown if shown == line else f"{shown}\n{line}"}, metadata
