"""Which functions of cells may answer from the cache."""

from __future__ import annotations

import math
from typing import Any

import pytest

from reactive_nb.functions.function import Function, Kind
from tests.conftest import Connect


def in_a_cell(source: str, **names: Any) -> dict[str, Any]:
    """Run source as a notebook's cell: in a module called `__main__`."""
    cell = {"__name__": "__main__", **names}
    exec(source, cell)
    return cell


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        ("def f(ctx): return 1", False),
        ("def f(ctx, n): return len([n])", False),
        ("import math\ndef f(ctx): return math.pi", False),
        ("from statistics import mean\ndef f(ctx): return mean([1])", False),
        ("from reactive_nb import col\ndef f(ctx): return col('a')", False),
        ("class C: pass\ndef f(ctx): return C()", False),
        ("threshold = 5\ndef f(ctx): return threshold", True),
        ("threshold = 5\ndef f(ctx): return [n for n in [1] if n > threshold]", True),
        ("def rule(n): return n\ndef f(ctx): return rule(1)", True),
        ("def make():\n    n = 1\n    return lambda ctx: n\nf = make()", True),
        ("def f(ctx): return not_there_yet", False),
    ],
)
def test_a_variable_of_another_cell_makes_it_changeable(source: str, changes: bool) -> None:
    function = in_a_cell(source)["f"]

    assert Function(function, Kind.QUERY, path="f").depends_on_variables is changes


def test_another_registered_function_does_not(connect: Connect) -> None:
    db = connect()

    cell = in_a_cell("@db.query\ndef inner(ctx): return 1\n@db.query\ndef outer(ctx): return inner(ctx)", db=db)

    assert not cell["outer"].depends_on_variables


def test_a_function_of_an_imported_module_is_taken_as_it_is() -> None:
    assert not Function(lambda ctx: math.pi, Kind.QUERY, path="f").depends_on_variables


def test_a_query_that_uses_a_variable_answers_with_its_value_of_now(connect: Connect) -> None:
    cell = in_a_cell("threshold = 1\n@db.query\ndef above(ctx): return threshold", db=connect())
    before = cell["above"]()

    cell["threshold"] = 2

    assert (before, cell["above"]()) == (1, 2)
