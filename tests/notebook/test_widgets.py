"""The widgets without a kernel: what a page is given, that one result is one table, and the page's code."""

from __future__ import annotations

import gc
import re
import weakref

from reactive_nb.notebook.widgets import STATIC, answer_at_once, channel_of, page_module, table_of
from tests.notebook.fakes import FakeEngine


def test_a_page_is_given_the_result_as_it_is_when_it_asks() -> None:
    engine = FakeEngine()
    table = table_of(engine.live("count", 1))
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


def test_a_closed_result_is_let_go_once_its_table_is() -> None:
    engine = FakeEngine()
    live = engine.live("count", 1)
    table = table_of(live)
    gone = weakref.ref(live)

    live.close()
    table.channel.hub.flush()
    table.close()
    del live, table
    gc.collect()

    assert gone() is None


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
