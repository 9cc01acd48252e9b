"""Timelines of transactions."""

from __future__ import annotations

import itertools
import threading
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from reactive_nb.documents.interval import ALL
from reactive_nb.engine import Engine
from reactive_nb.errors import ConflictError
from reactive_nb.functions.attempts import Attempt, Refusal
from reactive_nb.functions.origin import calling_from
from reactive_nb.notebook.teach.timeline import MAX_LANES, MIN_BAR, OTHERS, timeline_of
from reactive_nb.notebook.teach.words import snapshot_of
from tests.tools import insert

SVG = "{http://www.w3.org/2000/svg}"


def committed(began_s: float, ended_s: float, ts: int, lane: str = "MainThread", **facts: Any) -> Attempt:
    return Attempt(f"m{ts}", 1, "", lane, ts - 1, began_s, ended_s, "committed", ts, 1, **facts)


def groups(attempts: list[Attempt], kind: str) -> list[Element]:
    root = ElementTree.fromstring(timeline_of(attempts).svg)
    return [each for each in root.findall(f"{SVG}g") if each.get("data-kind") == kind]


def title(element: Element) -> str:
    return element.findtext(f"{SVG}title") or ""


def labels(element: Element) -> list[str]:
    return [each.text or "" for each in element.findall(f"{SVG}text")]


def number(element: Element, name: str) -> float:
    rect = element.find(f"{SVG}rect")
    assert rect is not None
    return float(rect.get(name, ""))


def test_a_conflict_is_drawn_with_both_and_an_arrow(db: Engine) -> None:
    (id,) = insert(db, "t", {"n": 1})

    def add_late(tx: Any) -> None:
        tx.db.patch(id, {"n": tx.db.get(id)["n"] + 1})
        db.write(lambda ctx: ctx.db.patch(id, {"n": 5}), "rival")

    with pytest.raises(ConflictError), calling_from("In[7]"), db.transaction() as tx:
        add_late(tx)
    attempts = db.attempts()

    (refused,) = groups(attempts, "refused")
    (arrow,) = groups(attempts, "arrow")
    assert [labels(each) for each in groups(attempts, "committed")] == [["transaction → 1"], ["rival → 2"]]
    assert (labels(refused), title(arrow)) == (["transaction"], "commit 2 got there first")
    assert "called from In[7]" in title(refused)
    assert f"refused: rival (commit 2) was first, in t.by_id[_id = {id!r}], which it had read" in title(refused)


def test_repetitions_are_marked_and_say_in_words_where_they_met(db: Engine) -> None:
    insert(db, "t", {"n": 1})
    tries: list[int] = []

    def overtaken(ctx: Any) -> None:
        ctx.db.insert("t", {"n": ctx.db.query("t").count()})
        tries.append(1)
        if len(tries) == 1:
            writer = threading.Thread(target=insert, args=(db, "t", {}), name="feed")
            writer.start()
            writer.join()

    db.write(overtaken, "count")
    drawing = timeline_of(db.attempts(), snapshot_of(db))

    lines = [line.split("  ")[-1] for line in repr(drawing).splitlines()]
    assert lines == [
        "main thread: transaction became commit 1, 1 document changed",
        "main thread: count refused: transaction (commit 2) was first, in t.by_creation_time[all], which it had read",
        "feed: transaction became commit 2, 1 document changed",
        "main thread: count, 2nd try became commit 3, 1 document changed",
    ]
    assert "count, 2nd try → 3" in drawing.svg


@pytest.mark.parametrize(
    ("outcome", "said"),
    [("nothing to write", "nothing to write"), ("raised", "raised ValueError: <b>x</b>")],
)
def test_what_did_not_commit_says_so(outcome: Any, said: str) -> None:
    attempt = Attempt("m", 3, "", "MainThread", 4, 0.0, 0.001, outcome, error="ValueError: <b>x</b>")

    (group,) = groups([attempt], outcome)

    assert labels(group) == ["m, 3rd try"]
    assert title(group).splitlines() == [
        *("m, 3rd try", "read the database as of commit 4", "on main thread, for 1 ms", said)
    ]


def test_outcomes_differ_in_shape_and_not_by_colour_alone() -> None:
    shapes = set()
    for outcome in ("committed", "refused", "raised", "nothing to write"):
        (group,) = groups([Attempt("m", 1, "", "MainThread", 0, 0.0, 1.0, outcome)], outcome)
        marks = [(each.tag, "dash" in each.get("style", ""), "fill:none" in each.get("style", "")) for each in group]
        shapes.add((*marks, number(group, "height")))

    assert len(shapes) == 4


def test_the_main_thread_has_the_first_lane() -> None:
    attempts = [committed(0, 1, 1, "Ada"), committed(1, 2, 2), committed(2, 3, 3, "reactive_nb pool_0")]

    assert [labels(lane) for lane in groups(attempts, "lane")] == [["main thread"], ["Ada"], ["pool thread 1"]]


def test_many_threads_share_the_last_lane() -> None:
    attempts = [committed(n, n + 1, n + 1, f"t{n}") for n in range(30)]

    names = [labels(lane)[0] for lane in groups(attempts, "lane")]
    assert (len(names), names[0], names[-1]) == (MAX_LANES, "t0", OTHERS)
    assert len(groups(attempts, "committed")) == 30


def test_the_shortest_bar_can_be_seen() -> None:
    attempts = [committed(0, 10, 1), committed(5, 5.000001, 2, "feed")]

    assert [number(each, "width") >= MIN_BAR for each in groups(attempts, "committed")] == [True, True]


def test_no_bar_lies_over_another_or_over_a_label() -> None:
    attempts = [committed(n / 1000, n / 1000 + 0.0009, n + 1, f"t{n % 2}") for n in range(60)]

    spans: dict[float, list[tuple[float, float]]] = {}
    for group in groups(attempts, "committed"):
        x, width = number(group, "x"), number(group, "width")
        texts = group.findall(f"{SVG}text")
        end = max([x + width, *(float(text.get("x", "")) + 7 * len(text.text or "") for text in texts)])
        spans.setdefault(number(group, "y"), []).append((x, end))
    for row in spans.values():
        row.sort()
        assert all(before[1] <= after[0] + 1 for before, after in itertools.pairwise(row))


def test_long_idle_times_are_breaks_that_say_how_long() -> None:
    (idle,) = groups([committed(0, 1, 1), committed(121, 122, 2)], "break")

    assert title(idle) == "Nothing happened for 2 min."


def test_a_winner_that_is_not_drawn_has_no_arrow() -> None:
    refusal = Refusal("rival", 9, "t", "by_x", ALL, False)

    assert groups([Attempt("m", 1, "", "MainThread", 4, 0, 1, "refused", refusal=refusal)], "arrow") == []


def test_nothing_yet() -> None:
    drawing = timeline_of([])

    assert repr(drawing) == "No transaction has written yet."
    assert "No transaction has written yet." in "".join(ElementTree.fromstring(drawing.svg).itertext())


def test_names_are_text() -> None:
    attempt = Attempt("<script>alert(1)</script>", 1, "<i>", "<u>", 0, 0, 1, "committed", 1, 1)

    svg = timeline_of([attempt]).svg

    ElementTree.fromstring(svg)
    assert not [tag for tag in ("<script", "<i>", "<u>") if tag in svg]
