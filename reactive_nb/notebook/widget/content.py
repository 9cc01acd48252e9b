"""The content widget: a panel on pages; what `live.view`, `live.plot` and `%%live` show."""

from __future__ import annotations

from typing import Any

from reactive_nb.notebook.page.module import page_module, page_style
from reactive_nb.notebook.page.view import ContentView
from reactive_nb.notebook.widget.base import ViewWidget

FALLBACKS = ("image/png", "text/html", "text/plain")


class ContentWidget(ViewWidget[ContentView]):
    """Outputs that are replaced in place.

    Args:
        view: Holds the outputs; a `Panel`'s view, or what draws a live result.
    """

    _esm = page_module("content.js")
    _css = page_style("base.css", "content.css")

    def __init__(self, view: ContentView) -> None:
        super().__init__(view)

    def _name(self, view: ContentView) -> str:
        return f"<{view.title}>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Return the widget and, for places where nothing is live, its outputs as they are now."""
        made = super()._repr_mimebundle_(**options)
        data, metadata = made if isinstance(made, tuple) else (made or {}, {})
        return {**data, **still(self.view.outputs, repr(self))}, metadata


def still(outputs: list[dict[str, Any]], otherwise: str) -> dict[str, Any]:
    """Return outputs as one mime bundle for a saved notebook: all text, and the last picture or HTML."""
    texts = [_text_of(output) for output in outputs]
    bundle: dict[str, Any] = {"text/plain": "\n".join(filter(None, texts)) or otherwise}
    for output in outputs:
        for mime in FALLBACKS[:-1]:
            if mime in output.get("data", {}):
                bundle[mime] = output["data"][mime]
    return bundle


def _text_of(output: dict[str, Any]) -> str:
    match output:
        case {"output_type": "stream", "text": str(text)}:
            return text.rstrip("\n")
        case {"output_type": "error", "ename": name, "evalue": value}:
            return f"{name}: {value}"
    return str(output.get("data", {}).get("text/plain", ""))
