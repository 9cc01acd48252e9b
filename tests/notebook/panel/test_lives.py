"""The panel's list of live results: what each item says, now and of a commit; pause, resume and stop."""

from __future__ import annotations

from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb.engine.engine import Engine
from reactive_nb.errors import ReactiveError
from reactive_nb.notebook.page.hub import Hub
from reactive_nb.notebook.panel.lives import LivesArea, items, key_of
from reactive_nb.notebook.panel.panel import Databases
from tests.notebook.panel.page import FakePace


class Chat:
    def __init__(self, db: Engine) -> None:
        self.db = db
        db.define(messages=rnb.table(channel=rnb.v.string(), body=rnb.v.string()).index("by_channel", "channel"))

        @db.mutation
        def send(ctx: Any, channel: str, body: str) -> None:
            ctx.db.insert("messages", {"channel": channel, "body": body})

        @db.query
        def bodies(ctx: Any, channel: str) -> list[str]:
            found = ctx.db.query("messages").with_index("by_channel", channel=channel).collect()
            if any(each["body"] == "bad" for each in found):
                raise ValueError("a bad word")
            return [each["body"] for each in found]

        self.send, self.bodies = send, bodies
        hub = Hub(lambda message: None, FakePace, lambda act: act())
        databases = Databases(hub, lambda: [db])
        self.name = next(iter(databases.all()))
        self.area = LivesArea(hub, databases)

    def tell(self, channel: str, body: str) -> None:
        self.send(channel, body)
        self.db.settle()

    def ask(self, method: str, live: Any) -> Any:
        return self.area.answer(method, {"db": self.name, "key": key_of(live)})

    def item(self, live: Any, at: int | None = None) -> Any:
        return items(self.db, at)[key_of(live)]


@pytest.fixture
def chat(db: Engine) -> Chat:
    return Chat(db)


def test_an_item_says_what_ran_why_and_what_it_read(chat: Chat) -> None:
    live = chat.bodies.live(channel="a")
    first = chat.item(live)

    chat.tell("a", "hello")
    item = chat.item(live)

    assert {**first, "last_ms": 0} == {
        "call": "bodies(channel='a')",
        "path": "bodies",
        "names": [],
        "state": "live",
        "paused": False,
        "runs": 1,
        "error": None,
        "last_ms": 0,
        "ts": chat.db.ts - 1,
        "cause": "first run",
        "reads": ["messages.by_channel[channel = 'a']"],
        "more_reads": 0,
    }
    assert (item["runs"], item["ts"], item["cause"]) == (2, chat.db.ts, f"send (commit {chat.db.ts})")


def test_an_item_is_the_same_object_until_it_says_something_else(chat: Chat) -> None:
    live, other = chat.bodies.live(channel="a"), chat.bodies.live(channel="b")
    before = items(chat.db, None)

    chat.tell("a", "hello")
    after = items(chat.db, None)

    assert after[key_of(other)] is before[key_of(other)]
    assert after[key_of(live)] is not before[key_of(live)]


def test_a_failed_one_says_why_with_all_facts(chat: Chat) -> None:
    live = chat.bodies.live(channel="a")

    chat.tell("a", "bad")

    item = chat.item(live)
    assert (item["state"], item["error"]) == ("failed", {"name": "ValueError", "message": "a bad word"})


def test_one_whose_query_is_defined_again_says_so(chat: Chat) -> None:
    live = chat.bodies.live(channel="a")

    chat.db.query(name="bodies")(lambda ctx, channel: [])
    chat.db.settle()

    assert chat.item(live)["cause"] == "defined again"


def test_pausing_resuming_and_stopping_are_answered_with_what_it_is_then(chat: Chat) -> None:
    live = chat.bodies.live(channel="a")
    ts = chat.db.ts

    paused = chat.ask("pause", live)["item"]
    chat.tell("a", "hello")
    still = chat.item(live)
    resumed = chat.ask("resume", live)["item"]
    stopped = chat.ask("stop", live)["item"]

    assert (paused["state"], paused["paused"], paused["ts"], paused["runs"]) == ("paused", True, ts, 1)
    assert (still["state"], still["ts"], still["runs"], live.state) == ("paused", ts, 1, "closed")
    assert (resumed["state"], resumed["paused"], resumed["ts"], resumed["runs"]) == ("live", False, chat.db.ts, 2)
    assert (stopped, items(chat.db, None)) == (None, {})


def test_its_history_says_why_each_run_happened_newest_first(chat: Chat) -> None:
    live = chat.bodies.live(channel="a")
    chat.tell("a", "hello")

    runs = chat.ask("history", live)["runs"]

    assert [(run["ts"], run["changed"], run["error"]) for run in runs] == [
        (chat.db.ts, True, None),
        (chat.db.ts - 1, True, None),
    ]
    assert [run["why"] for run in runs] == [run.why() for run in reversed(live.history)]


def test_at_a_commit_it_is_as_it_was_then(chat: Chat) -> None:
    before = chat.db.ts
    chat.tell("b", "before")
    live = chat.bodies.live(channel="a")
    first = chat.db.ts
    chat.tell("a", "hello")
    chat.tell("a", "bad")

    assert items(chat.db, before) == {}
    then = chat.item(live, first + 1)
    assert (then["state"], then["runs"], then["ts"], then["reads"]) == ("live", 2, first + 1, None)
    assert then["cause"] == f"send (commit {first + 1})"
    now = chat.item(live, chat.db.ts)
    assert (now["state"], now["runs"], now["reads"]) == ("failed", 3, ["messages.by_channel[channel = 'a']"])


def test_at_a_commit_whose_runs_are_forgotten_it_is_unknown(chat: Chat) -> None:
    live = chat.bodies.live(channel="a")
    first = chat.db.ts
    for number in range(25):
        chat.tell("a", str(number))

    item = chat.item(live, first)

    assert (item["state"], item["runs"], item["cause"], item["last_ms"]) == ("unknown", 6, None, None)


def test_what_a_page_asks_in_vain_is_refused(chat: Chat) -> None:
    live = chat.bodies.live(channel="a")
    with pytest.raises(ReactiveError, match="there is nothing of this name"):
        chat.ask("explode", live)
    live.close()
    with pytest.raises(ReactiveError, match="it has ended"):
        chat.ask("pause", live)


def test_many_ranges_are_cut_and_counted(db: Engine) -> None:
    db.define(pairs=rnb.table(n=rnb.v.number()).index("by_n", "n"))

    @db.query
    def points(ctx: Any) -> int:
        return sum(len(ctx.db.query("pairs").with_index("by_n", n=n).collect()) for n in range(50))

    live = points.live()

    item = items(db, None)[key_of(live)]
    assert (len(item["reads"]), item["more_reads"]) == (30, 20)
