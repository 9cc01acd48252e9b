"""The widgets without a kernel: what a page is given, that one result is one table, and the page's code."""

from __future__ import annotations

import gc
import re
import threading
import weakref
from types import SimpleNamespace
from typing import Any

import ipywidgets
import pytest
from ipywidgets.widgets import widget

import reactive_nb as rnb
from reactive_nb.notebook.display import mimebundle
from reactive_nb.notebook.widgets import STATIC, answer_at_once, channel_of, page_module, table_of
from tests.notebook.fakes import FakeEngine


def test_a_page_is_given_the_result_as_it_is_when_it_asks(front_end: None) -> None:
    engine = FakeEngine()
    live = engine.live("count", 1)
    table = table_of(live)
    first = table.get_state()["snapshot"]

    engine.commit(count=2)
    table.channel.hub.flush()
    later = table.get_state()["snapshot"]

    assert [first["rows"], later["rows"]] == [[["value", {"value": 1}]], [["value", {"value": 2}]]]
    assert (first["seq"], later["seq"], later["ts"]) == (0, 1, 1)


def test_a_table_in_plain_text_says_what_it_shows() -> None:
    assert repr(table_of(FakeEngine().live("count", 1))) == "<table of count()>"


def test_one_result_is_one_table_and_one_engine_is_one_channel() -> None:
    engine = FakeEngine()
    one, two = engine.live("one", 1), engine.live("two", 2)

    assert table_of(one) is table_of(one)
    assert table_of(one).channel is table_of(two).channel is channel_of(engine)


@pytest.fixture
def front_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the widgets take this process for a kernel."""
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setattr("reactive_nb.notebook.widgets.get_ipython", lambda: shell)
    monkeypatch.setattr("reactive_nb.notebook.hub.KEEP_S", 0.0)


def counter(db: Any) -> Any:
    @db.query
    def count(ctx: Any) -> int:
        return int(ctx.db.query("messages").count())

    return count


def test_a_cell_that_runs_again_leaves_nothing_behind(front_end: None) -> None:
    before = set(widget._instances)
    with rnb.connect() as db:
        count = counter(db)
        tables = []
        for _ in range(5):
            board = count.live()  # drops the one before
            mimebundle(board)
            for table in tables:  # as a page does when the output goes
                table.channel.hub.on_message({"type": "Hide", "view_id": table._view.id})
            tables.append(board.table())
            for table in tables[:2]:
                table.channel.hub.flush()
            gc.collect()

        assert db.lives() == [board]
        assert [table.comm is None for table in tables] == [True] * 4 + [False]
        made = {type(widget._instances[id]).__name__ for id in set(widget._instances) - before}
        assert len(set(widget._instances) - before) == len(made) == 3  # channel, table and its layout


def test_a_result_whose_table_is_displayed_lives_without_another_reference(front_end: None) -> None:
    engine = FakeEngine()
    mimebundle(engine.live("count", 1))
    gc.collect()

    assert len(engine.lives()) == 1


def test_a_displayed_result_whose_table_was_closed_is_let_go(front_end: None) -> None:
    engine = FakeEngine()
    mimebundle(engine.live("count", 1))
    hub = channel_of(engine).hub
    ipywidgets.Widget.close_all()

    for count in (2, 3):
        engine.commit(count=count)
        hub.flush()
    gc.collect()

    assert engine.lives() == []


def test_outside_a_kernel_a_table_keeps_neither_result_nor_database() -> None:
    before = set(threading.enumerate())
    db = rnb.connect()
    live = counter(db).live()
    live.table().channel.hub.on_message({"type": "Resync", "view_id": "v99", "seq": 0})  # starts the hub's thread
    threads = set(threading.enumerate()) - before
    gone = weakref.ref(live), weakref.ref(db)

    del live, db
    gc.collect()

    assert [each() for each in gone] == [None, None]
    assert len(threads) == 2
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()


def test_a_table_that_somebody_closed_is_made_anew_at_the_next_display(front_end: None) -> None:
    live = FakeEngine().live("count", 1)
    first = table_of(live)
    first.close()

    data, _ = mimebundle(live)

    assert "application/vnd.jupyter.widget-view+json" in data
    assert table_of(live) is not first


def test_after_all_widgets_were_closed_results_display_and_follow_again(front_end: None) -> None:
    engine = FakeEngine()
    old = engine.live("old", 1)
    table_of(old)
    ipywidgets.Widget.close_all()

    new = engine.live("new", 1)
    tables = [table_of(live) for live in (old, new)]
    engine.commit(old=2, new=2)
    tables[0].channel.hub.flush()

    assert all(table.comm is not None and table.channel.comm is not None for table in tables)
    assert tables[0].channel is tables[1].channel
    assert [table.current()["rows"] for table in tables] == [[["value", {"value": 2}]]] * 2


def test_the_kernel_s_own_way_of_answering_is_switched_off_where_there_is_one() -> None:
    class Comm:
        def _reply_subshell_for(self) -> None: ...

    class Widget:
        comm = Comm()

    answer_at_once(Widget())

    assert Widget.comm._reply_subshell_for is None


def test_the_page_s_code_is_one_module_without_imports() -> None:
    module = page_module("cells.js", "store.js", "table.js", "widget.js")

    assert re.findall(r"^import\b|^export (?!default)", module, flags=re.MULTILINE) == []
    assert module.count("export default") == 1


def test_the_page_s_code_asks_nothing_of_other_hosts_and_sets_no_html() -> None:
    for file in STATIC.iterdir():
        assert not re.search(r"https?://|innerHTML|outerHTML|insertAdjacentHTML|eval\(", file.read_text("utf-8")), file
