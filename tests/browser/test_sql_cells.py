"""SQL in cells of JupyterLab: a live table follows commits, Tab knows the tables, a change and an error say what they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.lab import Notebook

FLIGHTS = """
%load_ext reactive_nb
import ipywidgets as w
import reactive_nb as rnb
from reactive_nb import v

db = rnb.connect()
db.define(flights=rnb.table(carrier=v.string(), origin=v.string(), delay=v.optional(v.number())))

@db.mutation
def land(ctx, origin: str, carrier: str = "UA", delay: float = 5):
    ctx.db.insert("flights", {"origin": origin, "carrier": carrier, "delay": delay})

for origin in ("EWR", "JFK", "JFK"):
    land(origin=origin)
"""
BY_ORIGIN = """%%rsql --live -o by_origin
SELECT origin, count(*) AS n, avg(delay) AS delay
FROM flights WHERE carrier = $carrier GROUP BY origin ORDER BY origin"""

# As a person does it between cells, without running one.
ELSEWHERE = """
async code => {
    const {kernel} = jupyterapp.shell.currentWidget.sessionContext.session;
    await kernel.requestExecute({code, store_history: false}).done;
}
"""
# What the kernel answers to Tab, in the words of the page's completer.
COMPLETE = """
async ([code, cursor_pos]) => {
    const {kernel} = jupyterapp.shell.currentWidget.sessionContext.session;
    return (await kernel.requestComplete({code, cursor_pos})).content.matches;
}
"""


@pytest.fixture
def flights(shared_notebook: Notebook) -> Iterator[Notebook]:
    """The shared notebook with a new database of three flights; closed at the end."""
    run(shared_notebook, FLIGHTS)
    yield shared_notebook
    run(shared_notebook, "%unload_ext reactive_nb\ndb.close()")


def run(notebook: Notebook, source: str, allow_errors: bool = False) -> int:
    index = notebook.add_cell(source)
    notebook.run_cell(index, allow_errors=allow_errors)
    return index


def elsewhere(notebook: Notebook, code: str) -> None:
    notebook.page.evaluate(ELSEWHERE, code)


def test_a_live_cell_of_sql_follows_a_commit(flights: Notebook) -> None:
    run(flights, "carrier = 'UA'")
    index = run(flights, BY_ORIGIN)
    grid = flights.output(index).get_by_role("grid")
    expect(grid).to_be_visible()
    expect(grid).to_contain_text("JFK2")
    flights.wait_for_output(index, "2 rows")
    counts = flights.execution_counts()

    elsewhere(flights, "land(origin='LGA', delay=12.5)")

    expect(grid).to_contain_text("LGA112.5")
    flights.wait_for_output(index, "3 rows")
    assert flights.execution_counts() == counts
    kept = run(flights, "by_origin.value.n.tolist()")
    flights.wait_for_output(kept, "[1, 2, 1]")


def test_a_widget_is_a_parameter_of_it(flights: Notebook) -> None:
    elsewhere(flights, "land(origin='EWR', carrier='AA', delay=77)")
    pick = run(flights, "carrier = w.ToggleButtons(options=['UA', 'AA'])\ncarrier")
    index = run(flights, BY_ORIGIN)
    flights.wait_for_output(index, "2 rows")

    flights.output(pick).get_by_role("button", name="AA").click()

    flights.wait_for_output(index, "1 row")
    expect(flights.output(index).get_by_role("grid")).to_contain_text("EWR177")


def test_a_change_in_sql_moves_the_live_table(flights: Notebook) -> None:
    run(flights, "carrier = 'UA'")
    live = run(flights, BY_ORIGIN)
    flights.wait_for_output(live, "2 rows")

    change = run(flights, "%rsql update flights set delay = 60 where origin = 'EWR'")

    flights.wait_for_output(change, "1 row updated")
    expect(flights.output(live).get_by_role("grid")).to_contain_text("EWR160")


def test_a_result_and_an_error_are_those_of_a_cell(flights: Notebook) -> None:
    shown = run(flights, "%rsql SELECT origin, count(*) AS n FROM flights GROUP BY origin ORDER BY origin")
    expect(flights.output(shown).locator("table.dataframe")).to_contain_text("JFK")

    wrong = run(flights, "%%rsql\nSELECT orgin\nFROM flights", allow_errors=True)

    flights.wait_for_output(wrong, "SqlError")
    text = flights.output_text(wrong)
    assert "orgin" in text
    assert "reactive_nb/" not in text
    assert len(text.strip().splitlines()) < 20


def test_tab_knows_tables_and_columns(flights: Notebook) -> None:
    run(flights, "carrier = 'UA'")
    code = "%%rsql --live\nSELECT ori\nFROM fli\nWHERE carrier = $carr"

    def matches(text: str) -> list[str]:
        return [*flights.page.evaluate(COMPLETE, [code, code.index(text) + len(text)])]

    assert [matches(text) for text in ("ori", "fli", "$carr")] == [["origin"], ["flights"], ["carrier"]]
