"""Buttons: checked when they are made, run with what holds when they are pressed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ipywidgets as w
import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.engine.recording import recording
from reactive_nb.errors import ArgumentValidationError
from reactive_nb.functions.function import Function
from reactive_nb.notebook.widget.button import Button, button_of, button_parts

FlightId: Any = rnb.Id["flights"]


@pytest.fixture
def db() -> Iterator[Engine]:
    with rnb.connect() as engine:
        engine.define(flights=rnb.table(delay=v.number()), notes=rnb.table(text=v.string()))
        yield engine


@pytest.fixture
def delay(db: Engine) -> Function:
    @db.mutation
    def delay(ctx: Any, flight: FlightId, minutes: int, note: str = "") -> int:
        ctx.db.patch(flight, {"delay": minutes})
        return minutes

    return delay  # type: ignore[no-any-return]


@pytest.fixture
def flight(db: Engine) -> str:
    return db.write(lambda ctx: ctx.db.insert("flights", {"delay": 0}), "add")


def test_a_press_runs_the_function_with_its_arguments(db: Engine, delay: Function, flight: str) -> None:
    submission, spec = button_parts(db, delay, "Delay it", {"flight": flight, "minutes": 10})

    answer = submission.answer("submit", {"values": {}})

    assert spec == {"title": "delay", "label": "Delay it", "about": "", "kind": "mutation", "fields": []}
    assert answer == {"result": 10, "ts": db.ts}
    assert db.read(lambda ctx: ctx.db.get(flight)["delay"]) == 10


def test_a_commit_says_that_it_was_made_by_the_button(db: Engine, delay: Function, flight: str) -> None:
    submission, _ = button_parts(db, delay, "Delay it", {"flight": flight, "minutes": 10})

    submission.answer("submit", {"values": {}})

    assert db.commits()[-1].origin == "the button of delay"


def test_a_button_made_in_a_reactive_cell_is_nothing_that_the_cell_follows(
    db: Engine, delay: Function, flight: str
) -> None:
    with recording() as calls:
        button_parts(db, delay, "Delay it", {"flight": flight, "minutes": 10})

    assert calls == []


def test_a_label_is_the_name_of_the_function_by_default(db: Engine) -> None:
    module = rnb.module("flights")

    @module.mutation
    def clear(ctx: Any) -> None:
        pass

    db.include(module)

    spec = button_parts(db, clear, None, {})[1]

    assert (spec["title"], spec["label"]) == ("flights:clear", "clear")


def test_widgets_are_read_when_it_is_pressed(db: Engine, delay: Function, flight: str) -> None:
    slider = w.IntSlider(value=3, max=90)
    submission, _ = button_parts(
        db, delay, None, {"flight": flight, "minutes": slider, "note": (slider, "description")}
    )
    slider.value = 45

    assert submission.answer("submit", {"values": {}})["result"] == 45


def test_three_dots_are_asked_for_beside_the_button(db: Engine, delay: Function, flight: str) -> None:
    submission, spec = button_parts(db, delay, None, {"flight": ..., "minutes": 10})

    answer = submission.answer("submit", {"values": {"flight": {"text": flight}}})

    assert [(field["name"], field["kind"]) for field in spec["fields"]] == [("flight", "id")]
    assert answer["result"] == 10


@pytest.mark.parametrize(
    ("args", "path", "message"),
    [
        ({"minutes": 10}, "$.flight", "the argument 'flight' is missing. Expected an id of flights"),
        ({"flight": "x", "minutes": 10}, "$.flight", r"\$\.flight is 'x' \(str\). Expected an id of flights"),
        ({"flight": ..., "minutes": "10"}, "$.minutes", r"\$\.minutes is '10' \(str\). Expected an int"),
        (
            {"flight": ..., "minutes": 1, "hours": 1},
            "$.hours",
            "'hours' is not one of its arguments. Expected only flight",
        ),
    ],
)
def test_a_mistake_shows_in_the_cell_that_makes_it(
    db: Engine, delay: Function, args: dict[str, Any], path: str, message: str
) -> None:
    with pytest.raises(ArgumentValidationError, match=f"^Cannot make a button of delay: {message}") as caught:
        button_parts(db, delay, None, args)

    assert caught.value.path == path


def test_the_id_of_another_table_is_a_mistake(db: Engine, delay: Function) -> None:
    note = db.write(lambda ctx: ctx.db.insert("notes", {"text": "x"}), "note")

    with pytest.raises(ArgumentValidationError, match="the id of a document of notes"):
        button_parts(db, delay, None, {"flight": note, "minutes": 1})


def test_a_value_is_kept_as_it_was_when_the_button_was_made(db: Engine) -> None:
    @db.query
    def names(ctx: Any, names: list[str]) -> list[str]:
        return names

    given = ["a"]
    submission, _ = button_parts(db, names, None, {"names": given})
    given.append("b")

    assert submission.answer("submit", {"values": {}})["result"] == ["a"]


def test_a_button_is_a_widget_and_says_in_words_what_it_is(db: Engine, delay: Function, flight: str) -> None:
    button = button_of(db, delay, "Delay it", {"flight": flight, "minutes": 10})

    assert isinstance(button, Button)
    assert repr(button) == "<button of delay>"
    assert "Delay it: delay" in button._repr_mimebundle_()[0]["text/html"]
    button.close()
