"""Live results as traits: observed, linked, moved by widgets, and ended."""

from __future__ import annotations

import gc
import threading
from typing import Any, cast

import ipywidgets
import pandas as pd
import pytest
import traitlets

import reactive_nb as rnb
from reactive_nb.engine.engine import Engine
from reactive_nb.errors import ArgumentValidationError, FunctionKindError, QueryUsageError
from reactive_nb.notebook.live import Live
from reactive_nb.subscriptions.subscription import Subscription


class Flights:
    def __init__(self, db: Engine) -> None:
        self.db = db
        db.define(flights=rnb.table(origin=rnb.v.string(), delay=rnb.v.number()).index("by_origin", "origin"))

        @db.mutation
        def depart(ctx: Any, origin: str, delay: int) -> str:
            return str(ctx.db.insert("flights", {"origin": origin, "delay": delay}))

        @db.query
        def delays(ctx: Any, origin: str, limit: int = 50) -> list[Any]:
            found = ctx.db.query("flights").with_index("by_origin", origin=origin).take(limit)
            return [{"delay": each["delay"]} for each in found]

        self.depart, self.delays = depart, delays
        for origin, delay in [("EWR", 1), ("JFK", 2), ("JFK", 3)]:
            depart(origin, delay)


def observers(widget: traitlets.HasTraits) -> int:
    """How many listen to a widget's value."""
    return len(widget._trait_notifiers.get("value", {}).get("change", []))


@pytest.fixture
def flights(db: Engine) -> Flights:
    return Flights(db)


def jfk(*delays: int) -> list[dict[str, int]]:
    return [{"delay": delay} for delay in delays]


# ------------------------------------------------------------------ traits


def test_it_has_its_value_at_once_and_moves_with_its_data(flights: Flights) -> None:
    live = flights.delays.live(origin="JFK")
    seen: list[Any] = []
    live.observe(lambda change: seen.append((change["old"], change["new"])), "value")
    assert (live.state, live.value, live.error, live.path) == ("fresh", jfk(2, 3), None, "delays")

    flights.depart("JFK", 4)
    flights.depart("EWR", 9)
    flights.db.settle()

    assert live.value == jfk(2, 3, 4)
    assert seen == [(jfk(2, 3), jfk(2, 3, 4))]


def test_an_observer_hears_of_a_value_that_python_calls_equal(db: Engine) -> None:
    id = db.write(lambda ctx: ctx.db.insert("flags", {"on": 1}))
    live = db.query(name="flag")(lambda ctx: ctx.db.get(id)["on"]).live()
    seen: list[Any] = []
    live.observe(lambda change: seen.append(change["new"]), "value")

    for value in (True, 1.0, 1):
        db.write(lambda ctx, value=value: ctx.db.patch(id, {"on": value}))  # type: ignore[misc]
        db.settle()

    assert [(type(each), each) for each in seen] == [(bool, True), (float, 1.0), (int, 1)]


WRONG_VIEWS: list[tuple[str, Any]] = [
    ("columns is the string 'delay'. Expected a list", lambda live: live.table(columns="delay")),
    ("editable is the string 'delay'. Expected a list", lambda live: live.table(editable="delay", on_edit=live)),
    ("on_edit is missing. Expected both", lambda live: live.table(editable=["delay"])),
    ("'x' (str) was given. Expected a function of the value", lambda live: live.view("x")),
    ("3 (int) was given. Expected a function of a data frame", lambda live: live.plot(3)),
]


@pytest.mark.parametrize(("words", "make"), WRONG_VIEWS)
def test_a_wrong_use_of_a_view_says_what_was_expected(flights: Flights, words: str, make: Any) -> None:
    with pytest.raises(QueryUsageError) as refused:
        make(flights.delays.live(origin="JFK"))

    assert words in str(refused.value)


def test_its_value_can_be_linked_to_a_trait(flights: Flights) -> None:
    label = ipywidgets.Label()
    live = flights.delays.live("JFK")

    link = traitlets.dlink((live, "value"), (label, "value"), lambda rows: f"{len(rows)} flights")
    assert label.value == "2 flights"
    flights.depart("JFK", 4)
    flights.db.settle()

    assert label.value == "3 flights"
    link.unlink()


def test_an_observer_that_raises_is_logged_and_the_others_hear(
    flights: Flights, caplog: pytest.LogCaptureFixture
) -> None:
    live = flights.delays.live("JFK")
    seen: list[Any] = []

    def broken(change: Any) -> None:
        raise ValueError("mine")

    live.observe(broken, "value")
    live.observe(lambda change: seen.append(change["new"]), "value")
    live.observe(lambda change: seen.append(change["new"]), "state")
    flights.depart("JFK", 4)
    flights.db.settle()
    live.unobserve(broken, "value")
    flights.depart("JFK", 5)
    flights.db.settle()
    live.close()

    assert seen == [jfk(2, 3, 4), jfk(2, 3, 4, 5), "closed"]
    assert [record.exc_info[1].args for record in caplog.records if record.exc_info] == [("mine",)]  # type: ignore[union-attr]


@pytest.mark.parametrize("trait", ["value", "error", "state"])
def test_its_traits_cannot_be_set(flights: Flights, trait: str) -> None:
    live = flights.delays.live("JFK")

    with pytest.raises(traitlets.TraitError, match="read-only"):
        setattr(live, trait, "mine")


def test_an_observer_sees_value_error_and_state_of_one_moment(db: Engine) -> None:
    @db.query
    def only(ctx: Any) -> Any:
        return ctx.db.query("numbers").unique()["n"]

    live = only.live()
    seen: list[Any] = []
    live.observe(lambda _: seen.append((live.value, type(live.error).__name__, live.state)))

    with db.transaction() as tx:
        tx.db.insert("numbers", {"n": 7})
    db.settle()

    assert seen
    assert set(seen) == {(7, "NoneType", "fresh")}


# ------------------------------------------------------------------ arguments that move


def test_a_widget_as_an_argument_moves_the_result(flights: Flights) -> None:
    origin = ipywidgets.Dropdown(options=["EWR", "JFK"], value="EWR")
    live = flights.delays.live(origin=origin)
    assert (live.value, live.args) == (jfk(1), {"origin": "EWR"})

    origin.value = "JFK"
    flights.db.settle()

    assert (live.value, live.args) == (jfk(2, 3), {"origin": "JFK"})
    assert repr(live) == "<live delays(origin='JFK'), fresh>"
    flights.depart("JFK", 4)
    flights.db.settle()
    assert live.value == jfk(2, 3, 4)
    flights.db.check()


def test_a_trait_of_a_widget_as_an_argument_moves_the_result(flights: Flights) -> None:
    slider = ipywidgets.IntSlider(min=0, max=1, value=0)
    live = flights.delays.live("JFK", limit=(slider, "max"))
    assert live.value == jfk(2)

    slider.max = 2
    flights.db.settle()

    assert live.value == jfk(2, 3)


def test_a_result_that_left_a_call_does_not_run_for_it_any_more(flights: Flights) -> None:
    origin = ipywidgets.Dropdown(options=["EWR", "JFK"], value="EWR")
    live = flights.delays.live(origin=origin)
    origin.value = "JFK"
    flights.db.settle()
    runs = live.runs

    flights.depart("EWR", 9)
    flights.db.settle()

    assert (live.runs, live.value) == (runs, jfk(2, 3))
    flights.db.check()


def test_a_widget_value_that_does_not_fit_is_shown_and_the_next_one_recovers(flights: Flights) -> None:
    origin = ipywidgets.Dropdown(options=[("Newark", "EWR"), ("none", None), ("Kennedy", "JFK")], value="EWR")
    live = flights.delays.live(origin=origin)

    origin.value = None
    flights.db.settle()
    assert live.state == "failed"
    assert isinstance(live.error, ArgumentValidationError)
    assert live.error.path == "$.origin"

    origin.value = "EWR"
    flights.db.settle()
    assert (live.state, live.error, live.value) == ("fresh", None, jfk(1))
    origin.value = "JFK"
    flights.db.settle()
    assert (live.state, live.value) == ("fresh", jfk(2, 3))


def test_a_refused_widget_value_is_said_until_there_is_another_and_the_value_keeps_its_own_arguments(
    flights: Flights,
) -> None:
    origin = ipywidgets.Dropdown(options=[("Newark", "EWR"), ("none", None), ("Kennedy", "JFK")], value="EWR")
    live = flights.delays.live(origin=origin)

    origin.value = None
    refused = live.error
    flights.depart("EWR", 9)
    flights.db.settle()
    assert (live.args, live.value, live.state) == ({"origin": "EWR"}, jfk(1, 9), "failed")
    assert live.error is refused

    origin.value = "JFK"
    flights.db.settle()
    assert (live.args, live.value, live.state, live.error) == ({"origin": "JFK"}, jfk(2, 3), "fresh", None)


def test_news_that_come_at_once_end_a_refusal(flights: Flights) -> None:
    class Quick(Live):
        def take_news(self, subscription: Subscription) -> None:
            super().take_news(subscription)
            came.set()

    came = threading.Event()
    origin = ipywidgets.Dropdown(options=[("Newark", "EWR"), ("none", None), ("Kennedy", "JFK")], value="EWR")
    live = Quick(flights.db, flights.delays, {"origin": origin})
    origin.value = None
    move = flights.db.move

    class Waiting:
        """The engine, whose `move` returns when its news have been taken over."""

        find = flights.db.find
        shown_ts = flights.db.shown_ts

        def move(self, *call: Any) -> None:
            came.clear()
            move(*call)
            assert came.wait(60)

    live.engine = cast("Engine", Waiting())
    origin.value = "JFK"
    live.engine = flights.db
    flights.db.settle()

    assert (live.state, live.error, live.value) == ("fresh", None, jfk(2, 3))


def test_value_and_arguments_move_together(flights: Flights) -> None:
    origin = ipywidgets.Dropdown(options=["EWR", "JFK"], value="EWR")
    live = flights.delays.live(limit=9, origin=origin)
    seen: list[Any] = []
    live.observe(lambda _: seen.append((live.args, live.value)))

    origin.value = "JFK"
    flights.db.settle()

    assert seen == [({"limit": 9, "origin": "JFK"}, jfk(2, 3))]
    assert list(live.args) == ["limit", "origin"]


def test_arguments_that_do_not_fit_are_refused_and_nothing_is_left(flights: Flights) -> None:
    origin = ipywidgets.Dropdown(options=["EWR"], value="EWR")
    before = observers(origin)

    with pytest.raises(ArgumentValidationError):
        flights.delays.live(origin=origin, limit="many")

    assert flights.db.lives() == []
    assert observers(origin) == before
    flights.db.check()


def test_only_queries_can_be_live(flights: Flights) -> None:
    with pytest.raises(FunctionKindError) as refused:
        flights.depart.live("JFK", 1)

    assert str(refused.value) == (
        "Cannot make depart live: it is a mutation. Expected a query. Only queries can be run again at will."
    )


# ------------------------------------------------------------------ looking at it


def test_as_a_frame_it_has_a_row_per_document(flights: Flights) -> None:
    frame = flights.delays.live("JFK").df

    pd.testing.assert_frame_equal(frame, pd.DataFrame({"delay": [2, 3]}))


def test_as_a_frame_a_document_is_one_row_and_a_number_says_what_to_do(db: Engine) -> None:
    @db.query
    def today(ctx: Any) -> Any:
        return {"departed": 7, "waiting": 3}

    @db.query
    def count(ctx: Any) -> Any:
        return 7

    @db.query
    def broken(ctx: Any) -> Any:
        raise ValueError("no")

    pd.testing.assert_frame_equal(today.live().df, pd.DataFrame({"departed": [7], "waiting": [3]}))
    with pytest.raises(QueryUsageError) as refused:
        _ = count.live().df
    assert str(refused.value) == (
        "Cannot make a data frame of count: its value is 7 (int). Expected a list, or a document. Use live.value."
    )
    with pytest.raises(QueryUsageError, match=r"See live\.error"):
        _ = broken.live().df


def test_every_run_says_why_it_happened(flights: Flights) -> None:
    live = flights.delays.live("JFK")
    assert live.why() == "delays(origin='JFK') ran at commit 4 because it was asked for the first time."

    id = flights.depart("JFK", 4)
    flights.db.settle()

    assert live.why() == (
        f"delays(origin='JFK') ran at commit 5 because depart (commit 5) inserted {id}, within the range "
        "flights.by_origin[origin = 'JFK'] that it had read; the result changed."
    )
    assert (live.runs, [run.ts for run in live.history], live.ts) == (2, [4, 5], 5)
    assert live.commit is not None
    assert (live.commit.ts, live.commit.function, [each.id for each in live.commit.changes]) == (5, "depart", [id])
    assert not live.is_stale


# ------------------------------------------------------------------ the end


def test_closed_it_keeps_its_value_and_hears_of_nothing(flights: Flights) -> None:
    origin = ipywidgets.Dropdown(options=["EWR", "JFK"], value="JFK")
    live = flights.delays.live(origin=origin)
    runs = live.runs

    live.close()
    live.close()
    origin.value = "EWR"
    flights.depart("JFK", 4)
    flights.db.settle()

    assert (live.state, live.value, live.runs) == ("closed", jfk(2, 3), runs)
    assert flights.db.lives() == []


def test_closed_while_its_news_are_taken_over_it_stays_closed(flights: Flights) -> None:
    class ClosedMeanwhile(Live):
        def set_trait(self, name: str, value: Any) -> None:
            if name == "error" and self.runs == 2:
                Live.close(self)  # what another thread may do here
            super().set_trait(name, value)

    origin = ipywidgets.Dropdown(options=["EWR", "none"], value="EWR")
    live = ClosedMeanwhile(flights.db, flights.delays, {"origin": origin})
    live.set_trait("state", "failed")  # so that the next news set error and state again

    flights.depart("EWR", 9)
    flights.db.settle()

    assert live.state == "closed"


def test_as_a_block_it_ends_with_the_block(flights: Flights) -> None:
    with flights.delays.live("JFK") as live:
        assert live.state == "fresh"

    assert live.state == "closed"


def test_closing_one_of_two_equal_ones_leaves_the_other(flights: Flights) -> None:
    one, other = flights.delays.live("JFK"), flights.delays.live("JFK")

    one.close()
    flights.depart("JFK", 4)
    flights.db.settle()

    assert (one.value, other.value) == (jfk(2, 3), jfk(2, 3, 4))


@pytest.mark.slow
@pytest.mark.parametrize("moved_by_widget", [False, True], ids=["plain arguments", "a widget that lives on"])
def test_dropping_the_last_reference_ends_it(flights: Flights, moved_by_widget: bool) -> None:
    widget = ipywidgets.Dropdown(options=["EWR", "JFK"], value="JFK")
    before = observers(widget)
    live = flights.delays.live(origin=widget if moved_by_widget else "JFK")
    assert [type(each) for each in flights.db.lives()] == [Live]

    del live
    gc.collect()
    flights.db.settle()

    assert flights.db.lives() == []
    assert observers(widget) == before
    widget.value = "EWR"
    flights.db.check()


def test_one_that_failed_is_not_kept_by_its_error(db: Engine) -> None:
    live = db.query(name="broken")(lambda ctx: 1 / 0).live()
    gc.disable()  # the frames of the error's traceback, and of their callers, would be a cycle

    try:
        del live
        db.settle()
        assert db.lives() == []
    finally:
        gc.enable()


# ------------------------------------------------------------------ pauses


def test_paused_it_says_so_and_keeps_value_error_and_runs(flights: Flights) -> None:
    live = flights.delays.live("JFK")
    states: list[Any] = []
    live.observe(lambda change: states.append(change["new"]), "state")
    before = flights.db.ts

    live.pause()
    live.pause()
    flights.depart("JFK", 4)
    flights.db.settle()
    assert (live.state, live.paused, live.value, live.ts, live.runs) == ("paused", True, jfk(2, 3), before, 1)

    live.resume()
    live.resume()
    assert (live.state, live.paused, live.value, live.ts, live.runs) == ("fresh", False, jfk(2, 3, 4), flights.db.ts, 2)
    assert states == ["paused", "fresh"]


def test_paused_it_takes_over_its_widget_only_when_it_is_resumed(flights: Flights) -> None:
    origin = ipywidgets.Dropdown(options=["EWR", "JFK"])
    live = flights.delays.live(origin=origin)

    live.pause()
    origin.value = "JFK"
    flights.db.settle()
    assert (live.args["origin"], live.value, live.runs) == ("EWR", jfk(1), 1)

    live.resume()
    assert (live.args["origin"], live.value, live.state) == ("JFK", jfk(2, 3), "fresh")
    flights.db.check()


def test_paused_after_its_query_failed_it_is_failed_again_when_it_is_resumed(db: Engine) -> None:
    live = db.query(name="broken")(lambda ctx: 1 / 0).live()

    live.pause()
    assert (live.state, type(live.error)) == ("paused", ZeroDivisionError)
    live.resume()

    assert (live.state, type(live.error)) == ("failed", ZeroDivisionError)


def test_closed_it_can_neither_be_paused_nor_resumed(flights: Flights) -> None:
    live = flights.delays.live("JFK")
    live.close()

    live.pause()
    live.resume()

    assert (live.state, live.paused) == ("closed", False)
