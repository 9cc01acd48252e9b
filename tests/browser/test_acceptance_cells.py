"""The cells of the project's acceptance page, as they are written there, in JupyterLab.

The page fixes the public names. It lies beside the project and not in it: without it this is a visible skip.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.lab import LabServer, Notebook

PAGE = Path(__file__).parents[3] / "shared/acceptance/notebook.md"

TABLES = """
import pandas as pd
db.define(flights=rnb.table(
    origin=v.string(), carrier=v.string(), flight=v.int64(), dest=v.string(), dep_delay=v.optional(v.number()),
).index("by_origin", "origin"))

@db.query
def departures(ctx, origin: str):
    return ctx.db.query("flights").with_index("by_origin", origin=origin).collect()

@db.query
def by_carrier(ctx, origin: str):
    delays = {}
    for each in departures(ctx, origin):
        delays.setdefault(each["carrier"], []).append(each["dep_delay"])
    return [{"carrier": carrier, "mean": sum(each) / len(each)} for carrier, each in sorted(delays.items())]

@db.mutation
def set_delay(ctx, flight: rnb.Id["flights"], field: str, value: float):
    ctx.db.patch(flight, {field: value})

@db.mutation
def delay(ctx, flight: rnb.Id["flights"], minutes: float, carrier: str = "UA"):
    ctx.db.patch(flight, {"dep_delay": minutes})

def push_next_flight():
    db.write(lambda ctx: ctx.db.insert("pushed", {}))
    print("pushed", db.table_counts()["pushed"])

def load(ctx):
    for n in range(60):
        origin, carrier = ("EWR", "JFK", "LGA")[n % 3], ("UA", "AA")[n % 2]
        ctx.db.insert("flights", {"origin": origin, "carrier": carrier, "flight": n, "dest": "SFO", "dep_delay": float(n)})
db.write(load)
"""


def cells() -> list[str]:
    """The cells of the page; one cell where the page has several widgets in one block."""
    if not PAGE.exists():
        pytest.skip(f"there is no {PAGE.parent.name}/{PAGE.name} beside this project")
    made = []
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        if block.startswith(("board.", "%reactive")):
            made += [line for line in block.splitlines() if line]
        else:
            made.append(block)
    return made


def test_every_cell_works_as_written(notebook: Notebook, lab: LabServer) -> None:
    first, *others = cells()
    # Where the page leaves the body out, which IPython refuses.
    bodies = {"%%on": "print(len(rows), 'rows')", "%%cron": "print('good morning')"}
    others = [each + bodies.get(each.split(" ")[0], "") for each in others]
    notebook.open(lab.write_notebook("acceptance.ipynb", first, TABLES, *others))
    notebook.run_all()

    def cell(start: str) -> int:
        return 2 + next(at for at, source in enumerate(others) if source.startswith(start))

    table, edited, plot = cell("origin = "), cell("board.table("), cell("board.plot(")
    form, button, view = cell("delay.form("), cell("delay.button("), cell("board.view(")
    notebook.wait_for_output(table, "20 rows")
    expect(notebook.output(edited).get_by_role("grid")).to_be_visible()
    expect(notebook.output(plot).locator("img")).to_be_visible()
    expect(notebook.output(form).get_by_role("combobox").first).to_be_visible()
    expect(notebook.output(button).get_by_role("button", name="Delay it")).to_be_visible()
    notebook.wait_for_output(view, "<b>20</b> flights")
    expect(notebook.output(cell("%%live")).locator("img")).to_be_visible()
    notebook.wait_for_output(cell("%reactive  "), "departures(origin='EWR')")
    notebook.wait_for_output(cell("%reactive why"), "departures(origin='EWR')")
    notebook.wait_for_output(cell("%%every"), "pushed 1")
    notebook.wait_for_output(cell("%%rsql"), "SFO60")
    expect(notebook.output(cell("%%cron")).get_by_role("button", name="Run now")).to_be_visible()
    for name in ("feed", "morning"):
        notebook.wait_for_output(cell("%reactive jobs"), name)

    notebook.output(table).locator("select").select_option("JFK")
    notebook.wait_for_output(table, "departures(origin='JFK')")
    new = notebook.add_cell(
        "db.write(lambda ctx: ctx.db.insert('flights', "
        "{'origin': 'JFK', 'carrier': 'UA', 'flight': 99, 'dest': 'LAX', 'dep_delay': 1.0}))"
    )
    notebook.run_cell(new)
    notebook.wait_for_output(table, "21 rows")
    notebook.wait_for_output(view, "<b>21</b> flights")
    notebook.wait_for_output(cell("%%on"), "21 rows")
    notebook.wait_for_output(cell("%%rsql"), "LAX1")
    assert notebook.foreign_requests == []
