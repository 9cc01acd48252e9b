"""Bindings: a trait follows a result, once per frame, until one of the two ends."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import ipywidgets
import pytest
import traitlets
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.errors import QueryUsageError
from reactive_nb.notebook.cell.capture import captured
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


@pytest.mark.slow
def test_a_binding_ends_when_its_widget_is_dropped(db: Engine, delays: Any) -> None:
    noted = Noted()
    binding = bind(delays.live(), noted, "value", len)
    live = weakref.ref(binding._live)

    del noted, binding
    gc.collect()  # of the widget, which closes the binding,
    gc.collect()  # and of the result that it kept true

    assert live() is None
    assert db.lives() == []


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_binding_that_has_ended_keeps_nothing_true(db: Engine, delays: Any) -> None:
    number = ipywidgets.IntText()

    def bound(by_itself: bool) -> Any:
        live = delays.live()
        return bind(live, number, "value", len if by_itself else lambda _: len(live.value))

    kept = bound(by_itself=True)
    kept.close()
    bound(by_itself=False).close()
    gc.collect()

    assert db.lives() == []
    assert repr(kept) == "<binding to IntText.value, closed>"


# ------------------------------------------------------------------ the cell that made it


@pytest.fixture
def shell(db: Engine, delays: Any) -> Iterator[InteractiveShell]:
    # A file of history would belong to the person who runs the tests.
    shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}), colors="nocolor")
    shell.user_ns.update(db=db, delays=delays, w=ipywidgets, bind=bind)
    yield shell
    InteractiveShell.clear_instance()


def run(shell: InteractiveShell, source: str, cell_id: str | None = None) -> None:
    shell.run_cell(source, cell_id=cell_id).raise_error()
    gc.collect()


CELL = "board = delays.live(); number = w.IntText(); binding = bind(board, number, 'value', len)"


@pytest.mark.parametrize("cell_id", ["a cell", None], ids=["with an id", "known by its source"])
@pytest.mark.slow
def test_a_cell_that_runs_again_ends_the_bindings_that_it_made(
    db: Engine, shell: InteractiveShell, cell_id: str | None
) -> None:
    for _ in range(5):
        run(shell, CELL, cell_id)

    assert len(db.lives()) == len(db.subscriptions()) == 1
    add(db, 1)
    channel().hub.flush()
    assert shell.user_ns["number"].value == 1


@pytest.mark.slow
def test_a_cell_that_was_changed_ends_what_it_was_before(db: Engine, shell: InteractiveShell) -> None:
    run(shell, CELL, "a cell")
    first = shell.user_ns["number"]
    run(shell, "number = None", "a cell")

    add(db, 1)
    channel().hub.flush()

    assert first.value == 0


@pytest.mark.slow
def test_another_cell_ends_no_binding(db: Engine, shell: InteractiveShell) -> None:
    run(shell, CELL, "a cell")
    run(shell, CELL.replace("number", "second"), "another cell")
    run(shell, "1", "a third cell")

    add(db, 1)
    channel().hub.flush()

    assert (shell.user_ns["number"].value, shell.user_ns["second"].value) == (1, 1)


@pytest.mark.slow
def test_a_binding_made_between_cells_or_on_another_thread_is_of_no_cell(db: Engine, shell: InteractiveShell) -> None:
    between = ipywidgets.IntText()
    run(shell, "1", "a cell")
    bind(delays_of(shell).live(), between, "value", len)
    source = "import threading; beside = w.IntText(); live = delays.live(); one = threading.Thread("
    run(shell, source + "target=bind, args=(live, beside, 'value', len)); one.start(); one.join()", "a cell")
    run(shell, "1", "a cell")

    add(db, 1)
    channel().hub.flush()

    assert (between.value, shell.user_ns["beside"].value) == (1, 1)


def delays_of(shell: InteractiveShell) -> Any:
    return shell.user_ns["delays"]


@pytest.mark.slow
def test_each_run_of_a_reactive_cell_ends_the_bindings_of_the_run_before(db: Engine, shell: InteractiveShell) -> None:
    body = f"{CELL}; made = len(delays())"
    for _ in range(3):  # as notebook/cell/capture.py runs it: between cells, without an id
        assert captured(shell, body).error is None
        gc.collect()

    assert len(db.lives()) == 1


# ------------------------------------------------------------------ mistakes of the cell


def test_what_cannot_be_bound_is_refused_in_the_cell(delays: Any) -> None:
    live, number = delays.live(), Noted()
    number.add_traits(text=traitlets.Unicode(), _own=traitlets.Any())

    def refused(*args: Any) -> str:
        with pytest.raises(QueryUsageError) as caught:
            bind(*args)
        return str(caught.value)

    assert refused([1, 2], number) == (
        "Cannot bind a live result to a widget: [1, 2] (list) was given as the result. Expected a live result. "
        "Write query.live(...), and bind what it returns."
    )
    assert refused(live, 3) == (
        "Cannot bind delays to a widget: 3 (int) was given as the widget. Expected a widget, or another owner of "
        'traits. Write bind(live, widget, "value").'
    )
    assert refused(live, Noted(), "txt") == (
        "Cannot bind delays to a widget: Noted has no trait 'txt'. Expected the name of one of its traits. "
        "Use one of: value."
    )
    assert refused(live, number, "_txt").endswith("Use one of: text, value.")
    assert "has no trait <built-in function len>" in refused(live, number, len)
    assert refused(live, number, "value", 3) == (
        "Cannot bind delays to a widget: 3 (int) was given as the transform. Expected a function of the result's value. "
        "Pass a function such as len, or leave it out to have the value itself."
    )
