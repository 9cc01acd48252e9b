"""Bindings: a trait follows a result, once per frame, until one of the two ends."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import ipywidgets
import pytest
import traitlets

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.errors import QueryUsageError
from reactive_nb.notebook.page.channel import channel
from reactive_nb.notebook.widget.bind import bind


@pytest.fixture
def db() -> Iterator[Engine]:
    with rnb.connect() as engine:
        engine.define(flights=rnb.table(delay=v.number()))
        yield engine


@pytest.fixture
def delays(db: Engine) -> Any:
    @db.query
    def delays(ctx: Any) -> Any:
        found = [flight["delay"] for flight in ctx.db.query("flights").collect()]
        if 99 in found:
            raise ValueError("a delay of 99 minutes")
        return found

    return delays


@pytest.fixture(autouse=True)
def no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames are built when a test says so."""
    monkeypatch.setattr(channel().hub._pace, "wake", lambda _=0.0: None)


def add(db: Engine, *delays: int) -> None:
    for delay in delays:
        db.write(lambda ctx, delay=delay: ctx.db.insert("flights", {"delay": delay}), "add")
        db.settle()


class Noted(traitlets.HasTraits):
    """Notes how its trait is set."""

    value = traitlets.Any()

    def __init__(self) -> None:
        super().__init__()
        self.set: list[Any] = []
        self.observe(lambda change: self.set.append(change["new"]), "value")


def test_a_trait_is_set_at_once_and_follows_the_result(db: Engine, delays: Any) -> None:
    number = ipywidgets.IntText(value=7)

    bind(delays.live(), number, "value", len)
    first = number.value
    add(db, 5)
    channel().hub.flush()

    assert (first, number.value) == (0, 1)


def test_the_value_itself_is_the_default(db: Engine, delays: Any) -> None:
    noted = Noted()

    bind(delays.live(), noted)
    add(db, 5)
    channel().hub.flush()

    assert noted.set == [[], [5]]


def test_changes_within_a_frame_are_one_setting(db: Engine, delays: Any) -> None:
    noted = Noted()
    bind(delays.live(), noted, "value", len)
    noted.set.clear()

    add(db, 1, 2, 3)
    assert noted.set == []
    channel().hub.flush()
    assert noted.set == [3]
    channel().hub.flush()
    add(db, 4)
    channel().hub.flush()

    assert noted.set == [3, 4]


def test_a_trait_follows_one_result(db: Engine, delays: Any) -> None:
    noted = Noted()
    first = bind(delays.live(), noted, "value", len)
    bind(delays.live(), noted, "value", lambda found: f"{len(found)} flights")
    noted.set.clear()

    add(db, 1)
    channel().hub.flush()

    assert noted.set == ["1 flights"]
    first.close()  # a second time


def test_two_traits_of_a_widget_follow_two_results(db: Engine, delays: Any) -> None:
    number = ipywidgets.IntText()
    bind(delays.live(), number, "value", len)
    bind(delays.live(), number, "description", lambda found: f"{len(found)} flights")

    add(db, 1)
    channel().hub.flush()

    assert (number.value, number.description) == (1, "1 flights")


def test_a_binding_ends_when_it_is_closed(db: Engine, delays: Any) -> None:
    noted = Noted()
    with bind(delays.live(), noted, "value", len):
        add(db, 1)
    channel().hub.flush()

    add(db, 2)
    channel().hub.flush()

    assert noted.set == [0], "nor is the change set that was on its way"


def test_a_binding_ends_when_its_widget_is_closed(db: Engine, delays: Any) -> None:
    called = []
    number = ipywidgets.IntText()
    bind(delays.live(), number, "value", lambda found: called.append(len(found)) or len(found))

    number.close()
    add(db, 1)
    channel().hub.flush()
    add(db, 2)
    channel().hub.flush()

    assert called == [0]


def test_a_binding_ends_when_its_widget_is_dropped(db: Engine, delays: Any) -> None:
    noted = Noted()
    binding = bind(delays.live(), noted, "value", len)
    live = weakref.ref(binding._live)

    del noted, binding
    gc.collect()  # of the widget, which closes the binding,
    gc.collect()  # and of the result that it kept true

    assert live() is None
    assert db.lives() == []


def test_a_binding_keeps_its_result_true(db: Engine, delays: Any) -> None:
    noted = Noted()
    bind(delays.live(), noted, "value", len)
    gc.collect()

    add(db, 1)
    channel().hub.flush()

    assert noted.value == 1


def test_a_transform_that_fails_leaves_the_trait_and_is_logged(
    db: Engine, delays: Any, caplog: pytest.LogCaptureFixture
) -> None:
    noted = Noted()
    bind(delays.live(), noted, "value", lambda found: 6 // (1 - len(found)))

    add(db, 1)
    channel().hub.flush()
    failed = noted.value
    add(db, 2)
    channel().hub.flush()

    assert (failed, noted.value) == (6, -6)
    [record] = caplog.records
    assert record.getMessage() == "A binding of reactive_nb failed: <binding of <live delays(), fresh> to Noted.value>"
    assert "ZeroDivisionError" in caplog.text


def test_a_mistake_shows_in_the_cell_that_made_it_and_binds_nothing(
    db: Engine, delays: Any, caplog: pytest.LogCaptureFixture
) -> None:
    noted, live = Noted(), delays.live()

    with pytest.raises(AttributeError, match="lenght"):
        bind(live, noted, "value", lambda found: found.lenght)
    add(db, 1)
    channel().hub.flush()

    assert caplog.records == []


def test_a_failed_result_leaves_the_trait(db: Engine, delays: Any, caplog: pytest.LogCaptureFixture) -> None:
    noted = Noted()
    bind(delays.live(), noted, "value", len)

    add(db, 99)
    channel().hub.flush()

    assert noted.value == 0
    assert caplog.records == [], "there is no value to transform"


def test_what_is_no_live_result_or_no_trait_is_refused(delays: Any) -> None:
    with pytest.raises(QueryUsageError) as no_live:
        bind([1, 2], ipywidgets.IntText())  # type: ignore[arg-type]
    with pytest.raises(QueryUsageError) as no_trait:
        bind(delays.live(), ipywidgets.IntText(), "text")

    assert str(no_live.value) == (
        "Cannot bind a live result to a widget: [1, 2] (list) was given as the result. Expected a live result. "
        "Write query.live(...), and bind what it returns."
    )
    assert "IntText has no trait 'text'" in str(no_trait.value)
