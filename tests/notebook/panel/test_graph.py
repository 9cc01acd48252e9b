"""The panel's graph: the boxes of db.graph() as items, now and at a commit."""

from __future__ import annotations

from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine.engine import Engine
from reactive_nb.notebook.panel import graph
from reactive_nb.notebook.panel.lives import key_of


@pytest.fixture
def chat(db: Engine) -> Engine:
    db.define(
        messages=rnb.table(channel=v.string(), body=v.string()).index("by_channel", "channel"),
        users=rnb.table(name=v.string()),
    )
    return db


def say(db: Engine, channel: str) -> None:
    db.write(lambda ctx: ctx.db.insert("messages", {"channel": channel, "body": "hi"}), "say")


def test_the_way_from_a_table_to_a_view_is_in_the_items_and_what_a_commit_touched_is_marked(chat: Engine) -> None:
    @chat.query
    def latest(ctx: Any, channel: str) -> list[Any]:
        return ctx.db.query("messages").with_index("by_channel", channel=channel).collect()

    one, two = latest.live(channel="a"), latest.live(channel="b")
    say(chat, "a")
    chat.settle()

    found = graph.items(chat, None)

    touched = {item["text"] for item in found.values() if item["touched"]}
    assert "messages" in touched
    assert "users" not in touched
    assert {"latest(channel='a')"} == {text for text in touched if text.startswith("latest")}
    (read,) = (item for item in found.values() if item["words"] == "messages.by_channel[channel = 'a']")
    assert (read["table"], read["index"]) == ("messages", "by_channel")
    (query,) = (item for item in found.values() if item["text"] == "latest(channel='a')")
    assert [found[key]["words"] for key in query["before"]] == ["messages.by_channel[channel = 'a']"]
    assert query["live"] == key_of(one)
    assert read["live"] is None
    one.close()
    two.close()


def test_at_a_commit_tables_have_the_size_of_then_and_its_way_is_marked(chat: Engine) -> None:
    @chat.query
    def total(ctx: Any) -> int:
        return ctx.db.query("messages").count()

    live = total.live()
    say(chat, "a")
    chat.settle()
    then = chat.ts
    say(chat, "b")
    chat.write(lambda ctx: ctx.db.insert("users", {"name": "Ada"}))
    chat.settle()

    now, before = graph.items(chat, None), graph.items(chat, then)

    assert (now["0:messages"]["note"], before["0:messages"]["note"]) == ("2 documents", "1 document")
    assert (now["2:total()"]["touched"], before["2:total()"]["touched"]) == (False, True)
    live.close()


def test_the_same_box_has_the_same_key_the_next_time(chat: Engine) -> None:
    @chat.query
    def names(ctx: Any) -> list[Any]:
        return ctx.db.query("users").collect()

    live = names.live()
    before = set(graph.items(chat, None))
    chat.define(another=rnb.table(n=v.int64()))
    other = names.live()

    assert before <= set(graph.items(chat, None))
    live.close()
    other.close()


def test_each_view_leads_to_the_live_result_that_it_shows(chat: Engine) -> None:
    @chat.query
    def names(ctx: Any) -> list[Any]:
        return ctx.db.query("users").collect()

    one, two = names.live(), names.live()

    views = [item["live"] for item in graph.items(chat, None).values() if item["column"] == 3]
    assert views == [key_of(one), key_of(two)]
    one.close()
    two.close()


def test_ranges_are_named_by_the_fields_that_the_table_has_now(chat: Engine) -> None:
    @chat.query
    def latest(ctx: Any, channel: str) -> list[Any]:
        return ctx.db.query("messages").with_index("by_channel", channel=channel).collect()

    live = latest.live(channel="a")
    before = [item["words"] for item in graph.items(chat, None).values() if item["column"] == 1]
    chat.define(messages=rnb.table(room=v.optional(v.string())).index("by_channel", "room"))
    after = [item["words"] for item in graph.items(chat, None).values() if item["column"] == 1]

    assert (before, after) == (["messages.by_channel[channel = 'a']"], ["messages.by_channel[room = 'a']"])
    live.close()
