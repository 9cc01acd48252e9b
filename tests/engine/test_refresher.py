"""The one moment: what runs after a commit, who hears of it, and that all show the same commit."""

from __future__ import annotations

import gc
import logging
import random
import threading
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb.engine.engine import Engine
from reactive_nb.engine.refresher import Moment


class Balls:
    """A database of coloured balls, with queries that note their runs."""

    def __init__(self, db: Engine) -> None:
        self.db = db
        self.ran: list[str] = []
        db.define(balls=rnb.table(colour=rnb.v.string()).index("by_colour", "colour"), boxes=rnb.table())

        @db.mutation
        def add(ctx: Any, colour: str) -> str:
            return str(ctx.db.insert("balls", {"colour": colour}))

        @db.query
        def count(ctx: Any, colour: str) -> int:
            self.ran.append(colour)
            return int(ctx.db.query("balls").with_index("by_colour", colour=colour).count())

        self.add, self.count = add, count

    def settled(self) -> list[str]:
        """What ran since the last time."""
        self.db.settle()
        self.db.check()
        ran, self.ran[:] = list(self.ran), []
        return ran


@pytest.fixture
def balls(db: Engine) -> Balls:
    return Balls(db)


def test_only_what_looked_there_runs_again_and_all_show_the_same_commit(balls: Balls) -> None:
    red, blue = balls.count.live("red"), balls.count.live("blue")
    assert balls.settled() == ["red", "blue"]

    balls.add("red")

    assert balls.settled() == ["red"]
    assert (red.value, blue.value) == (1, 0)
    assert red.ts == blue.ts == balls.db.ts == balls.db.shown_ts


def test_a_write_that_nobody_reads_runs_nothing_and_tells_nobody(balls: Balls) -> None:
    live = balls.count.live("red")
    moments: list[Moment] = []
    balls.db.on_transition(moments.append)
    balls.settled()

    balls.add("blue")

    assert balls.settled() == []
    assert moments == []
    assert live.ts == balls.db.ts


def test_everything_that_changed_is_told_of_in_one_moment(balls: Balls) -> None:
    lives = [balls.count.live("red"), balls.count.live("blue"), balls.count.live("green")]
    moments: list[Moment] = []
    seen: list[tuple[int, int]] = []
    balls.db.on_transition(moments.append)
    for live in lives:
        live.observe(lambda _: seen.append((lives[0].value, lives[1].value)), "value")

    with balls.db.transaction() as tx:
        balls.add(tx, "red")
        balls.add(tx, "blue")
    balls.db.settle()

    assert seen == [(1, 1), (1, 1)]
    ((moment),) = moments
    assert moment.ts == balls.db.ts
    assert sorted(live.args["colour"] for live in moment.lives) == ["blue", "red"]


def test_a_burst_of_commits_is_one_run_of_the_latest(balls: Balls) -> None:
    entered, go_on = threading.Event(), threading.Event()
    live = balls.count.live("red")
    seen: list[int] = []

    def slow(change: Any) -> None:
        seen.append(change["new"])
        entered.set()
        go_on.wait()

    live.observe(slow, "value")
    balls.settled()
    balls.add("red")
    entered.wait()
    for _ in range(10):
        balls.add("red")
    go_on.set()

    assert balls.settled() == ["red", "red"]
    assert seen == [1, 11]


def test_equal_calls_run_once_for_all_who_asked(balls: Balls) -> None:
    one, other = balls.count.live("red"), balls.count.live(colour="red")

    balls.add("red")

    assert balls.settled() == ["red", "red"]
    assert (one.value, other.value, one.runs) == (1, 1, 2)


def test_a_listener_that_fails_is_logged_with_both_ends_and_stops_nobody(
    balls: Balls, caplog: pytest.LogCaptureFixture
) -> None:
    failing, fine = balls.count.live("red"), balls.count.live("red")
    seen: list[int] = []

    def fail(change: Any) -> None:
        raise ValueError("no chart today")

    failing.observe(fail, "value")
    fine.observe(lambda change: seen.append(change["new"]), "value")

    with caplog.at_level(logging.ERROR, "reactive_nb"):
        for _ in range(2):
            balls.add("red")
            balls.db.settle()

    assert seen == [1, 2]
    assert [record.getMessage() for record in caplog.records] == [
        "A listener of reactive_nb failed: <live count(colour='red'), fresh>"
    ] * 2
    text = caplog.text
    assert "no chart today" in text
    assert "in fail" in text


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt])
def test_a_listener_of_moments_that_fails_stops_nobody(
    balls: Balls, caplog: pytest.LogCaptureFixture, error: type[BaseException]
) -> None:
    live = balls.count.live("red")
    heard: list[int] = []

    def fail(moment: Moment) -> None:
        raise error("no page today")

    balls.db.on_transition(fail)
    balls.db.on_transition(lambda moment: heard.append(moment.ts))

    balls.add("red")
    balls.db.settle()
    balls.add("red")
    balls.db.settle()

    assert (heard, live.value) == ([2, 3], 2)
    assert "no page today" in caplog.text


def test_a_listener_can_be_ended_also_by_itself_and_twice(balls: Balls) -> None:
    live = balls.count.live("red")
    heard: list[int] = []

    def once(moment: Moment) -> None:
        heard.append(moment.ts)
        end()

    end = balls.db.on_transition(once)
    for _ in range(2):
        balls.add("red")
        balls.db.settle()
    end()

    assert (heard, live.value) == ([2], 2)


def test_a_listener_may_write_and_the_next_moment_shows_it(balls: Balls) -> None:
    red, blue = balls.count.live("red"), balls.count.live("blue")
    red.observe(lambda _: balls.add("blue"), "value")
    moments: list[int] = []
    balls.db.on_transition(lambda moment: moments.append(moment.ts))

    balls.add("red")
    balls.db.settle()
    balls.db.settle()

    assert (red.value, blue.value, moments) == (1, 1, [2, 3])


def test_a_live_result_made_by_a_listener_has_its_value_with_the_next_moment(balls: Balls) -> None:
    red = balls.count.live("red")
    made: list[Any] = []

    def make(_: object) -> None:
        if not made:
            made.append(balls.count.live("blue"))
            made.append(made[0].state)

    red.observe(make, "value")
    balls.add("red")
    balls.db.settle()
    balls.db.settle()

    assert made[1] == "loading"
    assert (made[0].state, made[0].value) == ("fresh", 0)


def test_a_query_that_raises_fails_for_its_own_holders_only_and_recovers(balls: Balls) -> None:
    @balls.db.query
    def share(ctx: Any) -> float:
        return float(1 / ctx.db.query("balls").count())

    failing, fine = share.live(), balls.count.live("red")
    assert (failing.state, failing.value, type(failing.error)) == ("failed", None, ZeroDivisionError)
    assert (fine.state, fine.value) == ("fresh", 0)

    balls.add("red")
    balls.db.settle()

    assert (failing.state, failing.value, failing.error) == ("fresh", 1.0, None)


def test_a_query_that_ends_the_program_is_only_a_failed_query(balls: Balls) -> None:
    @balls.db.query
    def leave(ctx: Any) -> None:
        raise SystemExit

    assert isinstance(leave.live().error, SystemExit)
    assert balls.count.live("red").value == 0


def test_a_function_defined_again_runs_again_for_its_live_results(balls: Balls) -> None:
    live = balls.count.live("red")
    balls.settled()

    @balls.db.query
    def count(ctx: Any, colour: str) -> str:
        return "new"

    balls.db.settle()
    assert (live.value, live.runs) == ("new", 2)
    assert (
        live.why()
        == "count(colour='red') ran at commit 1 because its function was defined again, or because more commits came while it ran than the history holds."
    )


def test_a_table_defined_again_runs_its_readers_again(balls: Balls) -> None:
    live = balls.count.live("red")
    balls.add("red")
    balls.settled()

    balls.db.define(balls=rnb.table().index("by_colour", "colour"))

    assert balls.settled() == ["red"]
    assert live.why() == (
        "count(colour='red') ran at commit 3 because define (commit 3) declared the table balls anew; "
        "the result stayed the same."
    )
    balls.db.drop("balls")
    balls.db.settle()
    assert (live.state, type(live.error).__name__) == ("failed", "UnknownIndex")


@pytest.mark.slow
def test_what_nobody_refers_to_any_more_runs_no_more(balls: Balls) -> None:
    live = balls.count.live("red")
    balls.settled()
    assert balls.db.lives() == [live]

    del live
    gc.collect()
    balls.db.settle()
    balls.add("red")

    assert balls.settled() == []
    assert balls.db.lives() == []


def test_settling_without_any_live_result_returns(balls: Balls) -> None:
    balls.db.settle()

    assert balls.db.shown_ts == balls.db.ts


def test_many_writers_and_one_reader_settle_at_the_last_commit(balls: Balls) -> None:
    live = balls.count.live("red")
    values: list[int] = []
    live.observe(lambda change: values.append(change["new"]), "value")

    for future in [balls.add.submit("red") for _ in range(50)]:
        future.result()
    balls.db.settle()

    assert live.value == values[-1] == 50
    assert values == sorted(set(values))
    balls.db.check()


def test_a_close_just_before_the_thread_goes_to_sleep_ends_it(db: Engine) -> None:
    refresher = db._refresher
    own = refresher._own

    class ClosedMeanwhile:
        def __enter__(self) -> None:
            own.acquire()
            refresher._closed = True

        def __exit__(self, *_: object) -> None:
            own.release()

    refresher._own = ClosedMeanwhile()  # type: ignore[assignment]
    try:
        assert refresher.refresh() is False
    finally:
        refresher._own = own


# ------------------------------------------------------------------ pauses


def test_a_paused_one_runs_no_more_until_it_is_resumed_and_then_once(balls: Balls) -> None:
    red, blue = balls.count.live("red"), balls.count.live("blue")
    balls.settled()
    paused_at = balls.db.ts

    red.pause()
    for _ in range(3):
        balls.add("red")
        balls.add("blue")
        balls.db.settle()
    assert set(balls.settled()) == {"blue"}
    assert (red.value, red.ts, red.runs, red.is_stale) == (0, paused_at, 1, True)
    assert blue.ts == balls.db.ts == balls.db.shown_ts

    red.resume()

    assert balls.settled() == ["red"]
    assert (red.value, red.ts, red.runs, red.is_stale) == (3, balls.db.ts, 2, False)
    assert f"because add (commit {paused_at + 1}) inserted" in str(red.why())


def test_a_paused_one_that_no_commit_touched_does_not_run_when_it_is_resumed(balls: Balls) -> None:
    red = balls.count.live("red")
    heard: list[Any] = []
    red.observe(heard.append, "value")
    balls.settled()

    red.pause()
    balls.add("blue")
    red.resume()

    assert (balls.settled(), heard) == ([], [])
    assert (red.value, red.ts, red.runs) == (0, balls.db.ts, 1)


def test_of_two_equal_ones_the_other_goes_on(balls: Balls) -> None:
    red, same = balls.count.live("red"), balls.count.live("red")
    balls.settled()

    red.pause()
    balls.add("red")
    assert balls.settled() == ["red"]
    assert [(each.value, each.runs, len(each.history)) for each in (red, same)] == [(0, 1, 1), (1, 2, 2)]

    red.resume()
    assert balls.settled() == []
    assert [(each.value, each.runs, len(each.history)) for each in (red, same)] == [(1, 2, 2), (1, 2, 2)]


def test_a_new_holder_of_a_paused_call_has_it_run(balls: Balls) -> None:
    red = balls.count.live("red")
    red.pause()
    balls.add("red")
    balls.settled()

    new = balls.count.live("red")

    assert (balls.settled(), new.value, red.value) == (["red"], 1, 0)
    new.close()
    balls.add("red")
    assert balls.settled() == []
    red.resume()
    assert (balls.settled(), red.value) == (["red"], 2)


def test_paused_while_its_query_runs_it_keeps_what_it_had(balls: Balls) -> None:
    begun, go_on = threading.Event(), threading.Event()

    @balls.db.query
    def slow(ctx: Any) -> int:
        begun.set()
        go_on.wait()
        return int(ctx.db.query("balls").count())

    go_on.set()
    live = slow.live()
    begun.clear()
    go_on.clear()
    before = balls.db.ts
    balls.add("red")
    begun.wait()
    live.pause()
    go_on.set()
    balls.settled()

    assert (live.value, live.ts, live.runs) == (0, before, 1)
    live.resume()
    assert (live.value, live.ts, live.runs) == (1, balls.db.ts, 2)
    balls.settled()


def test_a_paused_one_whose_query_is_defined_again_runs_the_new_one_when_it_is_resumed(balls: Balls) -> None:
    red = balls.count.live("red")
    red.pause()

    balls.db.query(name="count")(lambda ctx, colour: "new")
    assert (balls.settled(), red.value) == (["red"], 0)

    red.resume()
    assert red.value == "new"
    balls.settled()


@pytest.mark.slow
def test_a_paused_one_can_be_closed_dropped_and_closed_with_its_database(balls: Balls) -> None:
    closed, dropped, left = (balls.count.live(colour) for colour in ("red", "blue", "green"))
    for each in (closed, dropped, left):
        each.pause()
    paused_at = balls.db.ts
    balls.add("red")

    closed.close()
    del dropped, each
    gc.collect()
    balls.settled()
    assert [live.args for live in balls.db.lives()] == [{"colour": "green"}]
    assert (closed.state, closed.ts) == ("closed", paused_at)
    balls.db.close()
    assert (left.state, left.ts) == ("closed", paused_at)


def test_a_listener_may_pause_and_resume(balls: Balls) -> None:
    red, blue = balls.count.live("red"), balls.count.live("blue")
    red.observe(lambda change: blue.pause(), "value")
    balls.add("red")
    balls.settled()
    balls.add("blue")
    balls.settled()
    assert (blue.paused, blue.value) == (True, 0)

    red.unobserve_all()
    red.observe(lambda change: blue.resume(), "value")
    balls.add("red")
    balls.settled()

    assert (blue.paused, blue.value, blue.state) == (False, 1, "fresh")


def test_pauses_and_commits_on_many_threads_leave_everything_true(balls: Balls) -> None:
    lives = [balls.count.live("red") for _ in range(3)]

    def toggle(live: Any) -> None:
        for _ in range(40):
            live.pause()
            balls.add("red")
            live.resume()

    threads = [threading.Thread(target=toggle, args=(live,)) for live in (*lives, lives[0])]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    balls.settled()

    assert [(live.value, live.paused, live.state) for live in lives] == [(160, False, "fresh")] * 3


@pytest.mark.parametrize("seed", range(20))
def test_any_order_of_pauses_leaves_each_at_its_own_commit(balls: Balls, seed: int) -> None:
    rng = random.Random(seed)
    colours = ["red", "blue"]
    numbers = dict.fromkeys(colours, 0)
    lives: list[Any] = []
    kept: dict[Any, int] = {}  # what the paused ones show

    for _ in range(60):
        live = rng.choice(lives) if lives else None
        match rng.choice(["open", "close", "pause", "pause", "resume", "resume", "add", "add", "add"]):
            case "open" if len(lives) < 6:
                lives.append(balls.count.live(rng.choice(colours)))
            case "close" if live is not None:
                lives.remove(live)
                kept.pop(live, None)
                live.close()
            case "pause" if live is not None and not live.paused:
                balls.db.settle()
                live.pause()
                kept[live] = live.value
            case "resume" if live is not None:
                kept.pop(live, None)
                live.resume()
                assert live.value == numbers[live.args["colour"]]
            case "add":
                colour = rng.choice(colours)
                balls.add(colour)
                numbers[colour] += 1
        ran = balls.settled()
        assert all(ran.count(colour) <= 1 for colour in colours)
        for each in lives:
            assert each.value == kept.get(each, numbers[each.args["colour"]])
