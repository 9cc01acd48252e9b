"""Graphs of tables, index ranges, queries and views."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from IPython.core.interactiveshell import InteractiveShell

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.notebook.teach.drawing import ACCENT, Drawing
from reactive_nb.notebook.teach.graph import MAX_QUERIES, graph_of
from tests.tools import insert

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def latest(db: Engine) -> Any:
    db.define(messages=rnb.table(channel=v.string()).index("by_channel", "channel"), users=rnb.table())

    @db.query
    def latest(ctx: Any, channel: str) -> Any:
        return ctx.db.query("messages").with_index("by_channel", channel=channel).collect()

    return latest


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    shell = InteractiveShell.instance()
    yield shell
    InteractiveShell.clear_instance()


def groups(drawing: Drawing, kind: str) -> list[Element]:
    root = ElementTree.fromstring(drawing.svg)
    return [each for each in root.findall(f"{SVG}g") if each.get("data-kind") == kind]


def titles(drawing: Drawing, kind: str) -> list[str]:
    return [each.findtext(f"{SVG}title") or "" for each in groups(drawing, kind)]


def is_marked(element: Element) -> bool:
    return any(f"stroke:{ACCENT}" in each.get("style", "") for each in element)


def marked(drawing: Drawing, kind: str) -> list[str]:
    found = zip(groups(drawing, kind), titles(drawing, kind), strict=True)
    return [title for element, title in found if is_marked(element)]


def test_four_columns_from_tables_to_what_shows_them(db: Engine, latest: Any) -> None:
    lives = [latest.live(channel="general"), latest.live(channel="other"), latest.live(channel="other")]
    insert(db, "messages", {"channel": "general"})
    db.settle()

    drawing = graph_of(db)

    assert titles(drawing, "table") == ["messages\n1 document", "users\n0 documents"]
    assert titles(drawing, "range") == [
        "messages.by_channel[channel = 'general']",
        "messages.by_channel[channel = 'other']",
    ]
    assert titles(drawing, "query") == [
        "latest(channel='general')\n2 runs, fresh",
        "latest(channel='other')\n1 run, fresh",
    ]
    assert titles(drawing, "view") == ["a live result"] * len(lives)
    assert len(groups(drawing, "edge")) == 2 + 2 + 3


def test_what_the_newest_commit_touched_is_marked_and_nothing_else(db: Engine, latest: Any) -> None:
    lives = [latest.live(channel="general"), latest.live(channel="other")]
    db.write(lambda ctx: ctx.db.insert("messages", {"channel": "general"}), "send")
    db.settle()

    drawing = graph_of(db)

    assert marked(drawing, "table") == ["messages\n1 document"]
    assert marked(drawing, "range") == ["messages.by_channel[channel = 'general']"]
    assert marked(drawing, "query") == ["latest(channel='general')\n2 runs, fresh"]
    assert [is_marked(each) for each in groups(drawing, "edge")].count(True) == 3
    assert repr(drawing).splitlines() == [
        "table messages, 1 document *",
        "table users, 0 documents",
        "latest(channel='general'): 2 runs, fresh *",
        "    reads messages.by_channel[channel = 'general'] *",
        "    shown by a live result",
        "latest(channel='other'): 1 run, fresh",
        "    reads messages.by_channel[channel = 'other']",
        "    shown by a live result",
        "Marked: what send (commit 2) touched.",
    ]
    assert len(lives) == 2


def test_one_range_read_by_two_queries_is_drawn_once(db: Engine, latest: Any) -> None:
    @db.query
    def count(ctx: Any) -> Any:
        return len(latest(ctx, "general"))

    lives = [latest.live(channel="general"), count.live()]

    drawing = graph_of(db)
    assert len(titles(drawing, "range")) == 1
    edges = groups(drawing, "edge")
    assert len(edges) == 1 + len(lives) + 2
    begins = {" ".join((each[0].get("d") or "").split()[:2]) for each in edges}
    assert len(begins) == 1 + 1 + len(lives)  # the table, the one range, each query


def test_more_than_eight_ranges_of_a_query_are_summed_up(db: Engine, latest: Any) -> None:
    ids = insert(db, "messages", *({"channel": str(n)} for n in range(20)))

    @db.query
    def each(ctx: Any) -> Any:
        return [ctx.db.get(id) for id in ids]

    live = each.live()
    drawing = graph_of(db)

    assert titles(drawing, "range")[8:] == ["and 12 more ranges of messages"]
    assert "    reads and 12 more ranges of messages" in repr(drawing)
    live.close()


def test_a_table_that_is_not_there_and_one_of_which_nothing_was_read(db: Engine, latest: Any) -> None:
    @db.query
    def odd(ctx: Any) -> Any:
        return [ctx.db.query("later").collect(), ctx.db.query("users").take(0)]

    live = odd.live()
    drawing = graph_of(db)

    assert "later\nnot there yet" in titles(drawing, "table")
    assert any(words.startswith(("later.", "later[")) for words in titles(drawing, "range"))
    live.close()


def test_a_failed_query_says_so(db: Engine, latest: Any) -> None:
    @db.query
    def bad(ctx: Any) -> Any:
        raise ValueError(ctx.db.query("users").count())

    live = bad.live()

    assert titles(graph_of(db), "query") == ["bad()\n1 run, failed"]
    live.close()


def test_a_live_result_is_known_by_its_variable(db: Engine, latest: Any, shell: InteractiveShell) -> None:
    shell.user_ns["board"] = live = latest.live(channel="general")
    shell.user_ns["_12"] = live

    assert titles(graph_of(db), "view") == ["board"]
    shell.user_ns.clear()


def test_many_queries_are_cut_with_a_note(db: Engine, latest: Any) -> None:
    lives = [latest.live(channel=str(n)) for n in range(MAX_QUERIES + 5)]

    drawing = graph_of(db)

    assert len(titles(drawing, "query")) == MAX_QUERIES
    assert "The first 40 queries are drawn; 5 more are live." in repr(drawing)
    places = [float(each.find(f"{SVG}rect").get("y")) for each in groups(drawing, "query")]  # type: ignore[union-attr, arg-type]
    assert all(after - before >= 34 for before, after in itertools.pairwise(places))
    assert len(lives) == MAX_QUERIES + 5


def test_nothing_yet(db: Engine) -> None:
    assert repr(graph_of(db)) == "There are no tables yet, and no live queries."


def test_tables_without_queries(db: Engine, latest: Any) -> None:
    drawing = graph_of(db)

    assert repr(drawing).splitlines() == [
        "table messages, 0 documents *",
        "table users, 0 documents *",
        "No live query yet: query.live(...) makes one.",
        "Marked: what define (commit 1) touched.",
    ]


def test_a_closed_database_has_its_tables(db: Engine, latest: Any) -> None:
    live = latest.live(channel="general")
    db.close()

    assert repr(graph_of(db)).startswith("table messages, 0 documents")
    assert live.state == "closed"


def test_names_and_values_are_text(db: Engine, latest: Any) -> None:
    live = latest.live(channel="<script>alert(1)</script>\x00")
    drawing = graph_of(db)

    assert "<script" not in drawing.svg
    assert titles(drawing, "query") == ["latest(channel='<script>alert(1)</script>\\x00')\n1 run, fresh"]
    live.close()
