"""Widgets and traits as arguments: what is observed, and what is handed on."""

from __future__ import annotations

from typing import Any

import ipywidgets
import pytest

from reactive_nb.errors import ArgumentValidationError
from reactive_nb.notebook.arguments import watch_arguments


def test_widgets_give_their_value_and_pairs_their_trait_and_the_rest_stays() -> None:
    origin = ipywidgets.Dropdown(options=["EWR", "JFK"], value="EWR")
    window = ipywidgets.IntRangeSlider(value=(1, 5), max=9)
    plain = {"a": 1}

    values, close = watch_arguments({"origin": origin, "top": (window, "max"), "plain": plain}, lambda _: None)
    close()

    assert values == {"origin": "EWR", "top": 9, "plain": plain}


def test_a_changed_trait_hands_on_all_values() -> None:
    origin = ipywidgets.Dropdown(options=["EWR", "JFK"], value="EWR")
    top = ipywidgets.IntSlider(value=3)
    seen: list[dict[str, Any]] = []
    _, close = watch_arguments({"origin": origin, "limit": top, "year": 2013}, seen.append)

    origin.value = "JFK"
    top.value = 4
    top.max = 50
    close()
    top.value = 5

    assert seen == [
        {"origin": "JFK", "limit": 3, "year": 2013},
        {"origin": "JFK", "limit": 4, "year": 2013},
    ]


def test_a_widget_that_gives_two_arguments_is_one_change() -> None:
    top = ipywidgets.IntSlider(value=3)
    seen: list[dict[str, Any]] = []
    _, close = watch_arguments({"low": top, "high": (top, "value")}, seen.append)

    top.value = 4
    close()

    assert seen == [{"low": 4, "high": 4}]


@pytest.mark.parametrize("wrong", [ipywidgets.VBox(), (ipywidgets.IntSlider(), "valeu")], ids=["no value", "no trait"])
def test_a_trait_that_does_not_exist_is_refused_and_nothing_is_observed(wrong: Any) -> None:
    fine = ipywidgets.IntSlider(value=3)
    seen: list[dict[str, Any]] = []

    with pytest.raises(ArgumentValidationError) as refused:
        watch_arguments({"fine": fine, "wrong": wrong}, seen.append)
    fine.value = 4

    assert refused.value.path == "$.wrong"
    assert seen == []


def test_a_tuple_that_is_no_pair_of_widget_and_name_is_a_plain_argument() -> None:
    values, close = watch_arguments({"pair": (1, "value")}, lambda _: None)
    close()

    assert values == {"pair": (1, "value")}
