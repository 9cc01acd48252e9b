"""Views, plots and bindings in JupyterLab: they change in place, with the tables beside them, and say how it is with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.lab import Notebook

FLIGHTS = """
import ipywidgets as w
import reactive_nb as rnb
from reactive_nb import v

db = rnb.connect()
db.define(flights=rnb.table(carrier=v.string(), delay=v.number()))

@db.mutation
def land(ctx, carrier: str, delay: float):
    return ctx.db.insert("flights", {"carrier": carrier, "delay": delay})

@db.query
def flights(ctx):
    return ctx.db.query("flights").collect()

for number, carrier in enumerate(["UA", "AA", "B6"]):
    land(carrier=carrier, delay=5.0 + number)
board = flights.live()
"""

# What a place on the page is like in each animation frame, and right after each change of it, until its picture is another.
FOLLOW = """
place => {
    const frames = window.rnbFrames = [];
    const scroller = place.closest(".jp-WindowedPanel-outer");
    const first = place.querySelector("img").src;
    const look = () => {
        const image = place.querySelector("img");
        const isWhole = image !== null && image.complete && image.naturalWidth > 0;
        frames.push({height: place.getBoundingClientRect().height, scroll: scroller.scrollTop, isWhole});
        return image?.src === first;
    };
    const follow = () => {
        if (look()) requestAnimationFrame(follow);
        else window.rnbFollowed = true;
    };
    window.rnbFollowed = false;
    new MutationObserver(look).observe(place, {subtree: true, childList: true, characterData: true});
    follow();
}
"""

# Not by running a cell, to which the page would scroll.
EXECUTE = """
async code => {
    const {kernel} = jupyterapp.shell.currentWidget.sessionContext.session;
    await kernel.requestExecute({code}).done;
}
"""


@pytest.fixture
def flights(shared_notebook: Notebook) -> Iterator[Notebook]:
    """The shared notebook with a new database of three flights; closed at the end."""
    run(shared_notebook, FLIGHTS)
    yield shared_notebook
    run(shared_notebook, "db.close()")


def run(notebook: Notebook, source: str, allow_errors: bool = False) -> int:
    index = notebook.add_cell(source)
    notebook.run_cell(index, allow_errors=allow_errors)
    return index


def land(notebook: Notebook, carrier: str = "DL", delay: float = 30.0) -> None:
    run(notebook, f"land(carrier={carrier!r}, delay={delay})")


def view(notebook: Notebook, index: int) -> Locator:
    return notebook.output(index).locator(".rnb-content")


def test_text_is_shown_as_text(flights: Notebook) -> None:
    cell = run(flights, "board.view(lambda rows: f'<b>{len(rows)}</b> flights')")
    expect(view(flights, cell)).to_have_text("<b>3</b> flights")

    land(flights)

    expect(view(flights, cell)).to_have_text("<b>4</b> flights")
    expect(view(flights, cell)).to_have_attribute("aria-label", "flights()")


def test_html_is_shown_as_html_and_its_scripts_do_not_run(flights: Notebook) -> None:
    source = "board.view(lambda rows: rnb.HTML(f'<b>{len(rows)}</b> flights<script>window.ran = true</script>'))"
    cell = run(flights, source)
    expect(view(flights, cell).locator("b")).to_have_text("3")

    land(flights)

    expect(view(flights, cell).locator("b")).to_have_text("4")
    assert flights.page.evaluate("window.ran ?? null") is None


def test_a_view_and_a_table_change_in_the_same_animation_frame(flights: Notebook) -> None:
    table = run(flights, "board")
    flights.wait_for_output(table, "3 rows")
    count = run(flights, "board.view(lambda rows: f'{len(rows)} flights')")
    flights.wait_for_output(count, "3 flights")

    flights.watch(table, count)
    for number in range(4, 10):
        land(flights)
        flights.wait_for_output(table, f"{number} rows")
        flights.wait_for_output(count, f"{number} flights")

    moments = flights.moments()
    assert len(moments) >= 6
    for rows, text in (moment.texts for moment in moments):
        number = text.split()[0]
        assert f"{number} rows" in rows


def test_a_function_that_fails_says_so_above_the_last_good_view(flights: Notebook) -> None:
    source = """
def shown(rows):
    if len(rows) == 4:
        raise ValueError("four are too many")
    return f"{len(rows)} flights"
board.view(shown)"""
    cell = run(flights, source)
    expect(view(flights, cell)).to_have_text("3 flights")

    land(flights)
    expect(view(flights, cell).get_by_role("alert")).to_have_text("ValueError: four are too many")
    expect(view(flights, cell)).to_contain_text("3 flights")
    land(flights)

    expect(view(flights, cell).get_by_role("alert")).to_be_hidden()
    expect(view(flights, cell)).to_contain_text("5 flights")


def test_a_plot_is_redrawn_in_place(flights: Notebook) -> None:
    plot = "board.plot(lambda df: df.plot.bar(x='carrier', y='delay', figsize=(5, 3)))"
    cell = run(flights, plot)
    picture = view(flights, cell).locator("img")
    expect(picture).to_have_attribute("width", "500")
    for number in range(3):  # so that the page can be scrolled
        run(flights, f"print('line\\n' * 30, {number})")
    picture.scroll_into_view_if_needed()
    flights.page.evaluate(FOLLOW, view(flights, cell).element_handle())

    flights.page.evaluate(EXECUTE, "land(carrier='DL', delay=30.0)")
    flights.page.wait_for_function("window.rnbFollowed")
    frames: list[dict[str, Any]] = flights.page.evaluate("window.rnbFrames")

    assert len(frames) > 1
    assert {frame["isWhole"] for frame in frames} == {True}
    assert len({frame["height"] for frame in frames}) == 1
    assert len({frame["scroll"] for frame in frames}) == 1
    assert frames[0]["height"] >= 300
    run(flights, "import matplotlib.pyplot as plt; assert plt.get_fignums() == []")


def test_a_plot_that_fails_at_once_shows_it_in_the_cell(flights: Notebook) -> None:
    cell = run(flights, "board.plot(lambda df: df.plto)", allow_errors=True)

    flights.wait_for_output(cell, "AttributeError: 'DataFrame' object has no attribute 'plto'")


def test_a_chart_of_altair_is_drawn_without_a_network_and_changes(flights: Notebook) -> None:
    pytest.importorskip("altair")
    chart = "alt.Chart(df).mark_bar().encode(x='carrier', y='delay')"
    cell = run(flights, f"import altair as alt\nboard.plot(lambda df: {chart})")
    bars = view(flights, cell).locator("canvas, svg.marks")
    expect(bars).to_be_visible()
    before = bars.screenshot()
    width = bars.bounding_box()

    land(flights)

    flights.page.wait_for_function(
        "([place, width]) => place.querySelector('canvas')?.getBoundingClientRect().width > width",
        arg=[view(flights, cell).element_handle(), width and width["width"]],
    )
    assert bars.screenshot() != before
    assert flights.foreign_requests == []


def test_a_figure_of_plotly_is_drawn_without_a_network_and_changes(flights: Notebook) -> None:
    pytest.importorskip("plotly")
    cell = run(flights, "import plotly.express as px\nboard.plot(lambda df: px.bar(df, x='carrier', y='delay'))")
    ticks = view(flights, cell).locator(".xtick")
    expect(ticks).to_have_text(["UA", "AA", "B6"])

    land(flights)

    expect(ticks).to_have_text(["UA", "AA", "B6", "DL"])
    expect(view(flights, cell).locator(".js-plotly-plot")).to_have_count(1)
    plot, place = view(flights, cell).locator(".main-svg").first.bounding_box(), view(flights, cell).bounding_box()
    assert plot is not None
    assert place is not None
    assert plot["width"] > 0.95 * place["width"], "as wide as there is room"
    assert flights.foreign_requests == []


def test_what_the_front_end_has_renderers_for_is_drawn_by_them(flights: Notebook) -> None:
    source = """
from IPython.display import Markdown
board.view(lambda rows: Markdown(f"# {len(rows)} flights") if len(rows) < 5 else w.IntSlider(value=len(rows)))"""
    cell = run(flights, source)
    expect(view(flights, cell).locator("h1")).to_contain_text("3 flights")

    land(flights)
    expect(view(flights, cell).locator("h1")).to_contain_text("4 flights")
    land(flights)

    expect(view(flights, cell).locator(".widget-readout")).to_have_text("5")
    expect(view(flights, cell).locator("h1")).to_have_count(0)


def test_a_bound_trait_follows_the_result(flights: Notebook) -> None:
    cell = run(flights, "number = w.IntText()\nrnb.bind(board, number, 'value', len)\nnumber")
    field = flights.output(cell).locator("input")
    expect(field).to_have_value("3")

    land(flights)

    expect(field).to_have_value("4")


def test_a_closed_result_s_plot_stays_and_says_so(flights: Notebook) -> None:
    cell = run(flights, "board.view(lambda rows: f'{len(rows)} flights')")
    expect(view(flights, cell)).to_have_text("3 flights")

    run(flights, "board.close()")

    expect(view(flights, cell)).to_contain_text("Closed: it stays as of commit")
    expect(view(flights, cell)).to_contain_text("3 flights")
