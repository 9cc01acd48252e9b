"""How an error pictures the culprit and the path to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reactive_nb.errors import InvalidValue, ValidationError
from reactive_nb.values.refusal import Refusal, show


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("thing", "picture"),
    [
        (None, "None"),
        ("x", "'x' (str)"),
        (True, "True (bool)"),
        ([1, [2, [3]]], "[1, [2, [...]]] (list)"),
        (10**5000, "a value (int)"),
    ],
    ids=["None", "a str", "a bool", "nested lists", "an int too long to print"],
)
def test_a_thing_is_shown_with_its_type(thing: Any, picture: str) -> None:
    assert show(thing) == picture


def test_a_long_thing_is_shown_short() -> None:
    assert len(show("x" * 10_000)) < 80
    assert len(show(list(range(10_000)))) < 80


def test_a_thing_of_many_lines_is_shown_in_one() -> None:
    assert "\n" not in show(np.zeros((9, 9)))
    assert show("a\nb") == "'a\\nb' (str)"


def test_a_thing_whose_repr_fails_is_shown_anyway() -> None:
    assert "Broken" in show(Broken())


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        ([], "$"),
        (["name", 3, "users"], "$.users[3].name"),
        (["", "a b", "_id"], "$._id['a b']['']"),
        ([7], "$[7]"),
    ],
    ids=str,
)
def test_steps_are_written_from_the_outside_in(steps: list[str | int], path: str) -> None:
    refusal = Refusal("is wrong", "something else", "Change it")
    refusal.steps.extend(steps)

    assert refusal.at("$").path == path


def test_the_error_is_of_the_class_that_the_refusal_names() -> None:
    assert type(Refusal("is wrong", "x", "Y").at("$")) is InvalidValue
    assert type(Refusal("is wrong", "x", "Y", ValidationError).at("$")) is ValidationError
