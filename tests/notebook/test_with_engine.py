"""Views of a real engine: what a page is told when a mutation commits, a widget moves, a query fails, a file closes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ipywidgets
import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.notebook.page.view import Entry
from reactive_nb.notebook.widget.table import table_of


@pytest.fixture
def db() -> Iterator[Any]:
    with rnb.connect() as db:
        db.define(messages=rnb.table(channel=v.string(), body=v.string()).index("by_channel", "channel"))
        yield db


@pytest.fixture
def send(db: Any) -> Any:
    @db.mutation
    def send(ctx: Any, channel: str, body: str) -> Any:
        return ctx.db.insert("messages", {"channel": channel, "body": body})

    return send


@pytest.fixture
def latest(db: Any) -> Any:
    @db.query
    def latest(ctx: Any, channel: str) -> Any:
        found = ctx.db.query("messages").with_index("by_channel", channel=channel).collect()
        if any(message["body"] == "bad" for message in found):
            raise ValueError("a bad message")
        return found

    return latest


def told(db: Any, live: Any) -> Entry:
    """Return what a page would be given once everything has settled."""
    db.settle()
    table = table_of(live)
    table.channel.hub.flush()
    return table.current()


def bodies(entry: Entry) -> list[str]:
    return [row["body"] for _, row in entry["rows"]]


def test_a_commit_moves_the_view(db: Any, send: Any, latest: Any) -> None:
    live = latest.live(channel="general")
    before = told(db, live)

    send(channel="general", body="hello")
    after = told(db, live)

    assert (bodies(before), bodies(after)) == ([], ["hello"])
    assert (before["state"], after["state"], after["ts"]) == ("live", "live", db.ts)


def test_a_widget_as_argument_moves_the_view_and_its_title(db: Any, send: Any, latest: Any) -> None:
    send(channel="general", body="hello")
    channel = ipywidgets.Dropdown(options=["general", "other"])
    live = latest.live(channel=channel)
    before = told(db, live)

    channel.value = "other"
    after = told(db, live)

    assert (bodies(before), before["title"]) == (["hello"], "latest(channel='general')")
    assert (bodies(after), after["title"]) == ([], "latest(channel='other')")


def test_a_paused_result_names_its_own_commit_until_it_is_resumed(db: Any, send: Any, latest: Any) -> None:
    live = latest.live(channel="general")
    before = db.ts

    live.pause()
    send(channel="general", body="hello")
    paused = told(db, live)
    live.resume()
    resumed = told(db, live)

    assert (paused["state"], paused["ts"], bodies(paused)) == ("paused", before, [])
    assert (resumed["state"], resumed["ts"], bodies(resumed)) == ("live", db.ts, ["hello"])


def test_a_query_that_raises_shows_why_and_keeps_the_last_rows(db: Any, send: Any, latest: Any) -> None:
    live = latest.live(channel="general")
    send(channel="general", body="hello")
    told(db, live)

    send(channel="general", body="bad")
    failed = told(db, live)

    assert failed["error"] == {"name": "ValueError", "message": "a bad message"}
    assert (failed["state"], bodies(failed)) == ("failed", ["hello"])


def test_closing_the_database_closes_the_view_with_its_last_rows(db: Any, send: Any, latest: Any) -> None:
    live = latest.live(channel="general")
    send(channel="general", body="hello")
    told(db, live)

    db.close()
    table = table_of(live)
    table.channel.hub.flush()

    assert (table.current()["state"], bodies(table.current())) == ("closed", ["hello"])
