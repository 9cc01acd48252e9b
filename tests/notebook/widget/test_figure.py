"""Figures and other objects as outputs: every kind of plot, and that no figure stays open behind it."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from reactive_nb.errors import QueryUsageError
from reactive_nb.notebook.widget.figure import HTML, PLOTLY, VEGA_LITE, displayed, drawn, view_outputs

PNG = b"\x89PNG"
FRAME = pd.DataFrame({"carrier": ["UA", "AA", "B6"], "delay": [3.0, 10.0, 17.0]})


@pytest.fixture(autouse=True)
def agg() -> Iterator[None]:
    backend = mpl.get_backend()
    mpl.use("agg")
    yield
    plt.close("all")
    mpl.use(backend)


def data_of(outputs: list[dict[str, Any]]) -> dict[str, Any]:
    [output] = outputs
    assert output["output_type"] == "display_data"
    return output["data"]  # type: ignore[no-any-return]


def figure_direct(_: object) -> Figure:
    figure = Figure(figsize=(3, 2))
    figure.add_subplot().plot([1, 2])
    return figure


def figure_of_pyplot(_: object) -> Figure:
    figure, axes = plt.subplots(figsize=(3, 2))
    axes.plot([1, 2])
    return figure


def axes(_: object) -> Any:
    return plt.subplots(figsize=(3, 2))[1]


def array_of_axes(_: object) -> Any:
    return plt.subplots(2, 2, figsize=(3, 2))[1]


def axes_of_a_part(_: object) -> Any:
    return plt.figure(figsize=(3, 2)).subfigures(1, 2)[1].add_subplot()


def lines_of_pyplot(_: object) -> Any:
    plt.figure(figsize=(3, 2))
    return plt.plot([1, 2])


def only_pyplot(_: object) -> None:
    plt.figure(figsize=(3, 2))
    plt.plot([1, 2])


def only_pyplot_and_show(_: object) -> None:
    plt.figure(figsize=(3, 2))
    plt.plot([1, 2])
    plt.show()


def only_text(_: object) -> None:
    plt.figure(figsize=(3, 2)).text(0.5, 0.5, "nothing to plot")


def pandas(frame: pd.DataFrame) -> Any:
    return frame.plot.bar(x="carrier", y="delay", figsize=(3, 2))


PLOTS = [
    *(figure_direct, figure_of_pyplot, axes, array_of_axes, axes_of_a_part),
    *(lines_of_pyplot, only_pyplot, only_pyplot_and_show, only_text, pandas),
]


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
def test_a_plot_of_matplotlib_is_a_picture_of_the_figure_s_size_and_leaves_no_figure(
    plot: Callable[[Any], Any],
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        [output] = drawn(plot, FRAME)

    image = base64.b64decode(output["data"]["image/png"])
    assert image.startswith(PNG)
    assert output["data"]["text/plain"] == "<figure, 300 × 200>"
    assert output["metadata"] == {"image/png": {"width": 300, "height": 200}}
    assert image[16:24] == b"".join(n.to_bytes(4, "big") for n in (600, 400)), "twice as sharp as its size"
    assert plt.get_fignums() == []


def test_the_same_plot_is_the_same_picture() -> None:
    assert drawn(pandas, FRAME) == drawn(pandas, FRAME)


def test_long_labels_neither_are_cut_off_nor_change_the_size_of_the_picture() -> None:
    long = FRAME.assign(carrier=["with a long name"] * 3)

    [short], [tall] = drawn(pandas, FRAME), drawn(pandas, long)
    pixels = plt.imread(io.BytesIO(base64.b64decode(tall["data"]["image/png"])))

    assert short["metadata"] == tall["metadata"]
    assert pixels[-1].min() == 1, "white along the lower edge, below the names"


def test_a_layout_of_the_user_s_stays() -> None:
    def plot(_: object) -> Figure:
        figure = plt.figure(layout="tight")
        made.append(figure)
        return figure

    made: list[Figure] = []
    drawn(plot, FRAME)

    assert type(made[0].get_layout_engine()).__name__ == "TightLayoutEngine"


def test_a_figure_of_the_user_s_is_neither_drawn_upon_nor_closed() -> None:
    mine, mine_axes = plt.subplots()

    outputs = drawn(lambda frame: plt.plot(frame["delay"]), FRAME)

    assert "image/png" in data_of(outputs)
    assert list(mine_axes.lines) == []
    assert plt.get_fignums() == [mine.number]  # type: ignore[attr-defined]  # pyplot sets it
    assert plt.gcf() is mine


def test_showing_with_pyplot_shows_nothing_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(plt, "show", lambda: shown.append("in a cell"))

    drawn(only_pyplot_and_show, FRAME)

    assert shown == []
    plt.show()
    assert shown == ["in a cell"]


def test_figures_are_closed_when_the_function_fails() -> None:
    def fail(frame: pd.DataFrame) -> Any:
        plt.plot(frame["delay"])
        raise ValueError("no such carrier")

    show = plt.show
    with pytest.raises(ValueError, match="no such carrier"):
        drawn(fail, FRAME)

    assert plt.get_fignums() == []
    assert plt.show is show


@pytest.mark.parametrize("plot", [lambda _: None, lambda _: plt.figure() and None], ids=["nothing", "an empty figure"])
def test_a_function_that_draws_nothing_is_told_what_to_return(plot: Callable[[Any], Any]) -> None:
    with pytest.raises(QueryUsageError) as refused:
        drawn(plot, FRAME)

    assert str(refused.value) == (
        "Cannot show a plot: the function returned None and drew no figure. Expected a figure or axes of matplotlib, "
        "Altair, Plotly, or anything that displays itself. "
        "Return what was drawn, as in live.plot(lambda df: df.plot.hist())."
    )
    assert plt.get_fignums() == []


@pytest.mark.slow
def test_a_chart_of_altair_is_drawn_by_the_front_end() -> None:
    altair = pytest.importorskip("altair")

    data = data_of(drawn(lambda frame: altair.Chart(frame).mark_bar().encode(x="carrier", y="delay"), FRAME))

    assert list(data) == [VEGA_LITE, "text/plain"]
    assert data[VEGA_LITE]["$schema"] == "https://vega.github.io/schema/vega-lite/v5.json"
    assert data[VEGA_LITE]["encoding"]["x"] == {"field": "carrier", "type": "nominal"}
    assert [row["delay"] for row in next(iter(data[VEGA_LITE]["datasets"].values()))] == [3.0, 10.0, 17.0]


@pytest.mark.slow
def test_a_figure_of_plotly_is_drawn_by_the_front_end(capsys: pytest.CaptureFixture[str]) -> None:
    plotly = pytest.importorskip("plotly.graph_objects")

    data = data_of(drawn(lambda frame: plotly.Figure(plotly.Bar(x=list(frame["carrier"]), y=[1, 2, None])), FRAME))

    assert list(data) == [PLOTLY, "text/plain"]
    assert data[PLOTLY]["data"] == [{"type": "bar", "x": ["UA", "AA", "B6"], "y": [1, 2, None]}]
    assert capsys.readouterr().out == "", "it does not display itself as well"


def test_anything_else_is_displayed() -> None:
    data = data_of(drawn(lambda frame: frame, FRAME))

    assert "<td>UA</td>" in data["text/html"]
    assert "UA" in data["text/plain"]


class Picture:
    """Displays as bytes, as pictures of PIL do."""

    def _repr_png_(self) -> bytes:
        return PNG


class Itself:
    """Displays itself, elsewhere."""

    def _ipython_display_(self) -> None:
        pass

    def __repr__(self) -> str:
        return "<itself>"


def test_bytes_are_sent_in_base64() -> None:
    assert data_of(displayed(Picture()))["image/png"] == base64.b64encode(PNG).decode()


def test_what_displays_itself_is_shown_as_text() -> None:
    assert data_of(displayed(Itself())) == {"text/plain": "<itself>"}


def test_a_view_shows_text_as_text_and_html_as_html() -> None:
    assert data_of(view_outputs("<b>3</b>")) == {"text/plain": "<b>3</b>"}
    assert data_of(view_outputs(HTML("<b>3</b>")))["text/html"] == "<b>3</b>"
    assert "<td>UA</td>" in data_of(view_outputs(FRAME))["text/html"]
    assert data_of(view_outputs(3)) == {"text/plain": "3"}
    assert view_outputs(None) == []


def test_arrays_are_shown_as_what_they_are() -> None:
    assert data_of(drawn(lambda _: np.array([1, 2]), FRAME)) == {"text/plain": "array([1, 2])"}
