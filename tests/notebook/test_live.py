"""Live results as traits: observed, linked, moved by widgets, and ended."""

from __future__ import annotations

import gc
from typing import Any

import ipywidgets
import pandas as pd
import pytest
import traitlets

import reactive_nb as rnb
from reactive_nb.engine.engine import Engine
from reactive_nb.errors import ArgumentValidationError, FunctionKindError
from reactive_nb.notebook.live import Live


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


def test_its_value_can_be_linked_to_a_trait(flights: Flights) -> None:
    label = ipywidgets.Label()
    live = flights.delays.live("JFK")

    link = traitlets.dlink((live, "value"), (label, "value"), lambda rows: f"{len(rows)} flights")
    assert label.value == "2 flights"
    flights.depart("JFK", 4)
    flights.db.settle()

    assert label.value == "3 flights"
    link.unlink()


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
