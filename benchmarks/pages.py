"""What a reader of a page waits for: from a commit to the row on the screen, and from a table to its first paint.

In a real JupyterLab in headless Chromium; needs one (`REACTIVE_NB_CHROMIUM` names another), so this part runs only when
it is named: `make bench ARGS=pages`. The floor of a change is the text of an ipywidgets label, set by the same thread:
it takes the same way through server and browser. The floor of a first paint is pandas' own HTML of as many rows.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

import reactive_nb as rnb
from benchmarks.stage import Stage
from benchmarks.table import Aim, Line, Unit
from benchmarks.timing import Measured
from reactive_nb.notebook.page.hub import Hub
from tests.browser.lab import LabServer, Notebook

_SETUP = """
import json, threading, time, random
import ipywidgets as w
import pandas as pd
import reactive_nb as rnb
from reactive_nb import v

db = rnb.connect()
db.define(rows=rnb.table(place=v.int64(), n=v.int64(), name=v.string(), note=v.string()).index("by_place", "place"))

@db.mutation
def fill(ctx, start: int, size: int):
    for place in range(start, start + size):
        ctx.db.insert("rows", {"place": place, "n": 0, "name": f"row {place}", "note": "x" * 40})

@db.mutation
def change(ctx, place: int, n: int):
    row = ctx.db.query("rows").with_index("by_place", place=place).unique()
    ctx.db.patch(row["_id"], {"n": n})

@db.query
def first(ctx, size: int):
    return ctx.db.query("rows").with_index("by_place").take(size)

label = w.Label("-1")
commits, labels = [], []
def feed(start, count, pause_s):
    for n in range(start, start + count):
        commits.append(time.time() * 1000)
        change(place=0, n=n)
        time.sleep(pause_s * random.uniform(0.75, 1.25))
def relabel(start, count, pause_s):
    for n in range(start, start + count):
        labels.append(time.time() * 1000)
        label.value = str(n)
        time.sleep(pause_s * random.uniform(0.75, 1.25))
"""

_numbers = count(1000, 100_000)

# Notes when a number is first seen in an element, after the browser has drawn it.
_WATCH = """
const place = panel.content.widgets[argument].node;
const cell = () => place.querySelector(".rnb-body [role=row][aria-rowindex='2'] [aria-colindex='2']") ?? place.querySelector(".widget-label");
const seen = window.rnbSeen = new Map();
window.rnbGaps = [];
let before = performance.now();
const look = () => {
    const now = performance.now(), n = Number(cell()?.textContent);
    window.rnbGaps.push(now - before);
    before = now;
    if (!seen.has(n)) seen.set(n, performance.timeOrigin + now);
    if (window.rnbSeen === seen) requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


def lines(stage: Stage) -> Iterator[Line]:
    chromium = os.environ.get("REACTIVE_NB_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("The part `pages` needs Chromium; install it, or name it in REACTIVE_NB_CHROMIUM.")
    large, changes = stage.scale.documents[1], max(2, stage.scale.attempts // 5)
    yield from _bytes(large)
    with tempfile.TemporaryDirectory() as folder, LabServer(Path(folder)) as lab, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        notebook = Notebook(page, lab).open(lab.write_notebook("bench.ipynb", _SETUP))
        notebook.run_all()
        _run(notebook, f"for start in range(0, {large}, 5000):\n    fill(start=start, size=min(5000, {large} - start))")
        label = _label(notebook, changes)
        for size in (50, min(1000, large), large):
            yield from _table(notebook, size, changes, label, stage.scale.storm_seconds)
        browser.close()


def _bytes(size: int) -> Iterator[Line]:
    """The message of a one-row change of a large result, to a page that shows the row."""
    sent: list[dict[str, Any]] = []
    flushes: list[Any] = []

    class Pace:
        def __init__(self, flush: Any) -> None:
            flushes.append(flush)

        def wake(self, delay_s: float = 0.0) -> None: ...

        def rest(self) -> None: ...

    with rnb.connect() as db:
        db.define(rows=rnb.table())
        ids = db.write(lambda ctx: [ctx.db.insert("rows", {"n": n, "name": f"row {n}"}) for n in range(size)])
        live = db.query(name="everything")(lambda ctx: ctx.db.query("rows").collect()).live()
        hub = Hub(sent.append, Pace, lambda act: act())
        view = hub.open_rows(live)
        window = {"first": 0, "count": 120, "anchor": None, "sort": [], "filter": []}
        hub.on_message({"type": "Show", "page": "p", "viewer": "x", "view": view.id, "window": window})
        flushes[0]()
        db.write(lambda ctx: ctx.db.patch(ids[7], {"n": -1}))
        db.settle()
        flushes[0]()
        changed = float(len(json.dumps(sent[-1])))
    yield Line(
        f"message of a one-row change, {size:,} rows",
        Unit.BYTES,
        Measured((changed,)),
        aim=Aim("1,000 B", changed < 1000),
    )


def _run(notebook: Notebook, source: str) -> int:
    index = notebook.add_cell(source)
    notebook.run_cell(index)
    return index


def _label(notebook: Notebook, changes: int) -> Measured:
    index = _run(notebook, "label")
    notebook._evaluate(_WATCH, index)
    return _latencies(notebook, "relabel", "labels", changes)


def _table(notebook: Notebook, size: int, changes: int, label: Measured, storm_seconds: int) -> Iterator[Line]:
    started = notebook.page.evaluate("performance.now()")
    index = notebook.add_cell(f"board = first.live(size={size})\nboard.table(columns=['place', 'n', 'name', 'note'])")
    notebook.run_cell(index, wait=False)
    notebook.output(index).locator(".rnb-body [role=row]").first.wait_for()
    painted = (notebook.page.evaluate("performance.now()") - started) / 1000
    query = float(
        _value(
            notebook,
            f"import time; t = time.perf_counter(); db.read(lambda ctx: first(ctx, {size})); print(time.perf_counter() - t)",
        )
    )
    yield Line(
        f"a cell's run until the first rows of {size:,} are on the screen",
        Unit.SECONDS,
        Measured((painted,)),
        floor=Measured((query,)),
    )
    notebook._evaluate(_WATCH, index)
    latencies = _latencies(notebook, "feed", "commits", changes)
    what = f"commit until the changed row of {size:,} is on the screen (p99 {latencies.percentile(99) * 1000:.0f} ms)"
    yield Line(what, Unit.SECONDS, latencies, floor=label)
    yield _storm(notebook, size, storm_seconds)


def _latencies(notebook: Notebook, feed: str, times: str, changes: int) -> Measured:
    start = next(_numbers)  # what earlier feeds wrote is not mistaken for news
    source = (
        f"{times}.clear()\nthread = threading.Thread(target={feed}, args=({start}, {changes}, 0.1))\nthread.start()"
    )
    _run(notebook, source)
    _run(notebook, "thread.join()")
    notebook.page.wait_for_function("n => window.rnbSeen.has(n)", arg=start + changes - 1)
    begun = json.loads(_value(notebook, f"print(json.dumps({times}))"))
    seen = dict(notebook.page.evaluate("[...window.rnbSeen]"))
    # One that the next overtook on its way has no moment of its own.
    found = [(seen[n] - each) / 1000 for n, each in enumerate(begun, start) if n in seen]
    return Measured(tuple(sorted(found)))


def _storm(notebook: Notebook, size: int, seconds: int) -> Line:
    """A thousand commits a second, or as many as there can be: how long frames take meanwhile, and whether the end is right."""
    last = next(_numbers)
    storm = f"""
def storm():
    begun = time.perf_counter()
    n = 0
    while time.perf_counter() < begun + {seconds}:
        n += 1
        change(place=n % 20, n=100_000_000 + n)
        time.sleep(max(0, begun + n / 1000 - time.perf_counter()))
    change(place=0, n={last})
    rates.append(n / (time.perf_counter() - begun))
rates = []
thread = threading.Thread(target=storm)
thread.start()
"""
    notebook.page.evaluate("window.rnbGaps.length = 0")
    _run(notebook, storm)
    notebook.page.wait_for_function("n => window.rnbSeen.has(n)", arg=last, timeout=120_000)
    gaps = sorted(notebook.page.evaluate("window.rnbGaps"))
    rate = float(_value(notebook, "thread.join(); print(rates[0])"))
    return Line(
        f"time between two drawn frames under {rate:,.0f} commits/s, {size:,} rows",
        Unit.SECONDS,
        Measured(tuple(gap / 1000 for gap in gaps)),
    )


def _value(notebook: Notebook, source: str) -> str:
    return notebook.output_text(_run(notebook, source))
