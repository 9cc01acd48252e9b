"""Figures and other objects as notebook outputs: what `live.plot` and `live.view` send to a page.

Whatever a user's function returned comes in; outputs as in a notebook's file go out. Figures of matplotlib are drawn
here and closed, so that none stays open behind a view that is drawn again and again.
"""

from __future__ import annotations

import base64
import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from IPython.core.formatters import DisplayFormatter
from IPython.core.getipython import get_ipython

from reactive_nb.errors import QueryUsageError
from reactive_nb.notebook.result.html import HTML

Output = dict[str, Any]

SHARPNESS = 2
"""Pixels of a picture per pixel of the page, as screens of today want it."""


VEGA_LITE = "application/vnd.vegalite.v5+json"
"""What JupyterLab, Notebook and Voilà have a renderer for; they have none for the version 6 that Altair 6 names."""
PLOTLY = "application/vnd.plotly.v1+json"


def view_outputs(made: Any) -> list[Output]:
    """Return what a page shows of a view function's result: text as text, `HTML` as HTML, anything else displayed."""
    if isinstance(made, str) and not isinstance(made, HTML):
        return [_display({"text/plain": made}, {})]
    return displayed(made)


def displayed(made: Any) -> list[Output]:
    """Return what a cell would show of an object that stands at its end."""
    if made is None:
        return []
    figure = _specified(made)
    if figure is not None:
        return [_display(figure, {})]
    formatter = getattr(get_ipython(), "display_formatter", None) or DisplayFormatter()
    data, metadata = formatter.format(made)
    return [_display(data or {"text/plain": repr(made)}, metadata)]  # there is none of what displays itself elsewhere


def drawn(plot: Callable[[Any], Any], frame: Any) -> list[Output]:
    """Call a plotting function and return what it drew.

    Args:
        plot: Returns a figure or axes of matplotlib, or anything that displays itself, such as a figure of Altair or
            Plotly; or returns anything else and has drawn with pyplot.
        frame: What it is called with.

    Raises:
        QueryUsageError: It returned nothing and drew nothing.
    """
    with _own_figures() as opened:
        made = plot(frame)
        # Functions of pyplot return lists of lines or bars, which nobody wants to see.
        figure = _figure_of(made) or next(reversed(opened()), None)
        if figure is not None:
            return [_picture(figure)]
        if made is None:
            raise QueryUsageError(
                "Cannot show a plot",
                thing="the function returned None and drew no figure",
                expected="a figure or axes of matplotlib, Altair, Plotly, or anything that displays itself",
                hint="Return what was drawn, as in live.plot(lambda df: df.plot.hist())",
            )
        return displayed(made)


def _display(data: dict[str, Any], metadata: dict[str, Any]) -> Output:
    texts = {mime: base64.b64encode(part).decode() if isinstance(part, bytes) else part for mime, part in data.items()}
    return {"output_type": "display_data", "data": texts, "metadata": metadata}


def _specified(made: Any) -> dict[str, Any] | None:
    """Return a figure of Altair or Plotly as what the front end draws by itself, or None.

    By default both display as a page of HTML with scripts, Altair's from another host.
    """
    altair, plotly = sys.modules.get("altair"), sys.modules.get("plotly.basedatatypes")
    if altair is not None and isinstance(made, altair.TopLevelMixin):
        spec = made.to_dict()
        spec["$schema"] = "https://vega.github.io/schema/vega-lite/v5.json"  # a name; nothing is read from there
        return {VEGA_LITE: spec, "text/plain": "<a chart of Altair>"}
    if plotly is not None and isinstance(made, plotly.BaseFigure):
        return {PLOTLY: json.loads(made.to_json()), "text/plain": "<a figure of Plotly>"}
    return None


@contextmanager
def _own_figures() -> Iterator[Callable[[], list[Any]]]:
    """Close the pyplot figures that are opened inside; what it gives returns those on which something was drawn."""
    known = _figure_numbers()

    def opened() -> list[Any]:
        figures = [sys.modules["matplotlib.pyplot"].figure(number) for number in sorted(_figure_numbers() - known)]
        return [figure for figure in figures if figure.axes or figure.artists or figure.texts or figure.subfigs]

    with ExitStack() as undo:
        pyplot: Any = sys.modules.get("matplotlib.pyplot")
        if pyplot is not None:
            undo.enter_context(pyplot.ioff())
            # The backend of notebooks would show the figures in a cell, and close them.
            undo.callback(setattr, pyplot, "show", pyplot.show)
            pyplot.show = lambda *_, **__: None
        undo.callback(_close_figures_but, known)
        if known and pyplot is not None:
            pyplot.figure()  # else pyplot would go on in a figure of the user's
        yield opened


def _figure_numbers() -> set[int]:
    pyplot = sys.modules.get("matplotlib.pyplot")
    return set() if pyplot is None else set(pyplot.get_fignums())


def _close_figures_but(known: set[int]) -> None:
    for number in _figure_numbers() - known:
        sys.modules["matplotlib.pyplot"].close(number)


def _figure_of(made: Any) -> Any:
    """Return the figure of matplotlib behind an object, or None."""
    module = sys.modules.get("matplotlib.figure")
    if module is None:
        return None
    if hasattr(made, "flat"):  # the axes of several plots, in an array
        made = next(iter(made.flat), None)
    for _ in range(3):  # an artist's figure may be a part of a figure
        if isinstance(made, module.Figure):
            return made
        made = getattr(made, "figure", None)
    return None


def _picture(figure: Any) -> Output:
    if figure.get_layout_engine() is None:
        # Everything fits in, and the picture always has the size of the figure. Cut to what was drawn, as notebooks do
        # it, it would have another size each time, and move what stands below.
        figure.set_layout_engine("constrained")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=figure.dpi * SHARPNESS, bbox_inches=None)
    image = buffer.getvalue()
    # Width and height stand at fixed places of every PNG file (its IHDR chunk).
    width, height = (int.from_bytes(image[at : at + 4], "big") for at in (16, 20))
    size = {"width": width // SHARPNESS, "height": height // SHARPNESS}
    data = {"image/png": image, "text/plain": f"<figure, {size['width']} × {size['height']}>"}
    return _display(data, {"image/png": size})
