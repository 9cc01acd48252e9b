"""Why cards."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.functions.origin import calling_from
from reactive_nb.notebook.teach.card import Why, why_card, why_report
from tests.tools import insert


@pytest.fixture
def latest(db: Engine) -> Any:
    db.define(messages=rnb.table(channel=v.string(), body=v.string()).index("by_channel", "channel"))

    @db.query
    def latest(ctx: Any, channel: str) -> Any:
        found = ctx.db.query("messages").with_index("by_channel", channel=channel).collect()
        if any(each["body"] == "bad" for each in found):
            raise ValueError("a bad message")
        return found

    return latest


def send(db: Engine, *bodies: str, channel: str = "general") -> list[str]:
    ids = insert(db, "messages", *({"channel": channel, "body": body} for body in bodies))
    db.settle()
    return ids


def lines(why: Why) -> list[str]:
    """Return the card as text, its time left out."""
    assert why.card is not None
    return [re.sub(r" at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "", line).strip() for line in why.card.text().splitlines()]


def spoken(html: str) -> str:
    """Return the text of HTML, which has to be well-formed."""
    return "".join(ElementTree.fromstring(html).itertext())


def test_it_is_the_sentence_of_the_last_run(db: Engine, latest: Any) -> None:
    live = latest.live(channel="general")
    (id,) = send(db, "hello")

    why = why_card(live)

    assert why == live.history[-1].why()
    assert (
        str(why)
        == f"{why}"
        == (
            f"latest(channel='general') ran at commit 2 because transaction (commit 2) inserted {id}, within the range "
            "messages.by_channel[channel = 'general'] that it had read; the result changed."
        )
    )
    assert isinstance(why, str)
    assert (why.run, why.table, why.documents) == (live.history[-1], "messages", [id])
    assert why.commit is not None
    assert why.commit.ts == 2


def test_an_insert_names_the_cell_the_document_the_range_and_the_row(db: Engine, latest: Any) -> None:
    live = latest.live(channel="general")
    with calling_from("In[7]"):
        (id,) = send(db, "hello")

    assert lines(why_card(live)) == [
        "Commit    2 by transaction from In[7]",
        "Document  of messages",
        f"+ inserted {id}: channel = 'general', body = 'hello'",
        "Range     messages.by_channel[channel = 'general'], which the query had read",
        "Result    1 row added; 0 rows before, 1 now.",
        "+ added: channel = 'general', body = 'hello'",
    ]


def test_a_change_says_what_was_and_what_is(db: Engine, latest: Any) -> None:
    (id,) = send(db, "hello")
    live = latest.live(channel="general")
    db.write(lambda ctx: ctx.db.patch(id, {"body": "bye"}), "edit")
    db.settle()

    assert lines(why_card(live)) == [
        "Commit    3 by edit",
        "Document  of messages",
        f"~ changed {id}: body 'hello' → 'bye'",
        "Range     messages.by_channel[channel = 'general'], which the query had read",
        "Result    1 row changed; 1 row before, 1 now.",
        f"~ changed {id}: body 'hello' → 'bye'",
    ]


def test_a_delete_says_what_there_was(db: Engine, latest: Any) -> None:
    (id,) = send(db, "hello")
    live = latest.live(channel="general")
    db.write(lambda ctx: ctx.db.delete(id), "remove")
    db.settle()

    assert lines(why_card(live))[2::3] == [
        f"− deleted {id}: channel = 'general', body = 'hello'",
        "− removed: channel = 'general', body = 'hello'",
    ]


def test_a_large_commit_is_summed_up_and_only_what_was_in_the_range_is_shown(db: Engine, latest: Any) -> None:
    live = latest.live(channel="general")
    ids = insert(db, "messages", *({"channel": ("another", "general")[n % 2], "body": str(n)} for n in range(24)))
    db.settle()

    told = lines(why_card(live))

    assert told[1:7] == [
        "Documents of messages",
        *(f"+ inserted {ids[n]}: channel = 'general', body = '{n}'" for n in (1, 3, 5, 7)),
        "and 20 more documents of messages in this commit",
    ]
    assert told[8] == "Result    12 rows added; 0 rows before, 12 now."
    assert len(told) == 9 + 8 + 1
    assert told[-1] == "and 4 more"


def test_a_first_run_has_no_commit(latest: Any) -> None:
    why = why_card(latest.live(channel="general"))

    assert lines(why) == [
        "Because   It was asked for the first time.",
        "Result    Its first result; there was none before.",
    ]
    assert (why.commit, why.table, why.documents) == (None, None, [])


def test_a_failed_run_says_what_was_raised(db: Engine, latest: Any) -> None:
    live = latest.live(channel="general")
    send(db, "bad")

    why = why_card(live)
    assert lines(why)[-1] == "Result    It raised ValueError: a bad message."
    assert why.card is not None
    assert why.card.outcome == "failed"


def test_a_table_declared_anew_says_so(db: Engine, latest: Any) -> None:
    live = latest.live(channel="general")
    db.define(
        messages=rnb.table(channel=v.string(), body=v.string(), n=v.optional(v.number())).index("by_channel", "channel")
    )
    db.settle()

    assert lines(why_card(live)) == [
        "Commit    2 by define",
        "Table     messages was declared anew, which touches all that was read of it",
        "Result    It ran, and the result stayed the same: nobody was told.",
    ]


def test_many_fields_are_summed_up(db: Engine) -> None:
    @db.query
    def rows(ctx: Any) -> Any:
        return ctx.db.query("wide").collect()

    live = rows.live()
    insert(db, "wide", {f"f{n}": n for n in range(10)})
    db.settle()

    assert lines(why_card(live))[-1] == ("+ added: f0 = 0, f1 = 1, f2 = 2, f3 = 3, f4 = 4, f5 = 5 and 4 more fields")


def test_the_page_says_the_same_and_runs_nothing(db: Engine, latest: Any) -> None:
    hostile = "<script>alert('x')</script>"
    live = latest.live(channel=hostile)
    with calling_from("<b>form</b>"):
        send(db, hostile, channel=hostile)

    html = why_card(live)._repr_html_()
    text = spoken(html)

    assert "<script" not in html
    assert "<b>form" not in html
    assert text.startswith("latest(channel=\"<script>alert('x')</script>\")ran at commit 2result changed")
    for part in ("from <b>form</b>", "messages.by_channel[channel = \"<script>alert('x')</script>\"]", "1 row added"):
        assert part in text


def test_a_card_is_worked_out_once_and_only_when_it_is_shown(db: Engine, latest: Any) -> None:
    runs: list[int] = []

    @db.query
    def counted(ctx: Any) -> Any:
        runs.append(ctx.transaction.snapshot.ts)
        return ctx.db.query("messages").count()

    live = counted.live()
    send(db, "hello")
    runs.clear()

    why = why_card(live)
    str(why)
    assert runs == []
    why._repr_html_()
    why._repr_html_()
    assert runs == [1, 2]


def test_a_closed_database_still_says_why(db: Engine, latest: Any) -> None:
    live = latest.live(channel="general")
    send(db, "hello")
    db.close()

    assert "It is closed" in spoken(why_card(live)._repr_html_())


def test_a_report_tells_the_latest_runs_newest_first(db: Engine, latest: Any) -> None:
    live = latest.live(channel="general")
    for n in range(7):
        send(db, *map(str, range(n + 1)))

    report = why_report(live)

    assert repr(report).splitlines() == [
        "latest(channel='general'): 8 runs, fresh",
        *(f"  {run.why()}" for run in reversed(live.history[-5:])),
    ]
    text = spoken(report._repr_html_())
    assert [text.count(f"ran at commit {ts}") for ts in range(2, 9)] == [0, 0, 1, 1, 1, 1, 1]
    assert "and 4 more" in text  # of the seven rows of the last run
    assert len(why_report(live, runs=2).runs) == 2


def test_a_secret_is_named_and_its_value_not_shown(db: Engine) -> None:
    db.env.define(API_KEY=v.string())
    db.env["API_KEY"] = "sesame"

    @db.query
    def length(ctx: Any) -> int:
        return len(ctx.env["API_KEY"])

    live = length.live()
    db.env["API_KEY"] = "rosebud!"
    db.settle()

    shown = spoken(why_card(live)._repr_html_())

    assert "_environment" in shown
    assert "API_KEY" in shown
    assert "sesame" not in shown
    assert "rosebud" not in shown
