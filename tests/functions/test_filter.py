"""Filter expressions: what they say of one document, how they are written, and what they refuse."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from reactive_nb import UNSET, col
from reactive_nb.errors import FilterError, InvalidValue
from reactive_nb.functions.filter import Expr, as_predicate
from reactive_nb.values.order import compare
from tests.strategies import values

DOCUMENT = {
    "_id": "x",
    "n": 7,
    "f": 0.5,
    "nan": math.nan,
    "zero": 0,
    "text": "b",
    "flag": True,
    "none": None,
    "tags": ["a"],
    "meta": {"device": "phone", "deep": {"n": 1}},
    "when": datetime(2026, 1, 1, tzinfo=UTC),
}


@dataclass(frozen=True, slots=True)
class Evaluated:
    expr: Expr
    text: str
    value: Any


EVALUATED = [
    Evaluated(col("n"), "n", 7),
    Evaluated(col("meta.deep.n"), "meta.deep.n", 1),
    Evaluated(col("nope"), "nope", UNSET),
    Evaluated(col("nope.deeper"), "nope.deeper", UNSET),
    Evaluated(col("text.deeper"), "text.deeper", UNSET),
    Evaluated(col("n") == 7, "(n == 7)", True),
    Evaluated(col("n") == 7.0, "(n == 7.0)", True),
    Evaluated(col("n") != 7, "(n != 7)", False),
    Evaluated(col("nope") == UNSET, "(nope == UNSET)", True),
    Evaluated(UNSET == col("none"), "(none == UNSET)", False),  # noqa: SIM300
    Evaluated(col("nope") < col("none"), "(nope < none)", True),
    Evaluated(col("n") < col("text"), "(n < text)", True),
    Evaluated(7 <= col("n"), "(n >= 7)", True),  # noqa: SIM300
    Evaluated(7 > col("n"), "(n < 7)", False),  # noqa: SIM300
    Evaluated(col("nan") == math.nan, "(nan == nan)", True),
    Evaluated(col("nan") > math.inf, "(nan > inf)", True),
    Evaluated(col("tags") == ["a"], "(tags == ['a'])", True),
    Evaluated(col("when") < datetime(2026, 1, 2, tzinfo=UTC), "", True),
    Evaluated(np.int64(7) == col("n"), "(n == 7)", True),
    Evaluated(col("n") == np.float32(7), "(n == 7.0)", True),
    Evaluated(col("n") + 1, "(n + 1)", 8),
    Evaluated(1 + col("f"), "(1 + f)", 1.5),
    Evaluated(col("n") - col("f"), "(n - f)", 6.5),
    Evaluated(1 - col("n"), "(1 - n)", -6),
    Evaluated(2 * col("n"), "(2 * n)", 14),
    Evaluated(col("n") / 2, "(n / 2)", 3.5),
    Evaluated(14 / col("n"), "(14 / n)", 2.0),
    Evaluated(col("n") % 4, "(n % 4)", 3),
    Evaluated(10 % col("n"), "(10 % n)", 3),
    Evaluated(-col("n"), "(0 - n)", -7),
    Evaluated(col("n") / 0, "(n / 0)", math.inf),
    Evaluated(-col("n") / 0, "((0 - n) / 0)", -math.inf),
    Evaluated(col("n") / -0.0, "(n / -0.0)", -math.inf),
    Evaluated((col("n") > 1) & (col("n") < 9), "((n > 1) & (n < 9))", True),
    Evaluated((col("n") > 9) | col("flag"), "((n > 9) | flag)", True),
    Evaluated(~col("flag"), "~flag", False),
    Evaluated(True & (col("n") > 9), "(True & (n > 9))", False),
    Evaluated(False | (col("n") > 1), "(False | (n > 1))", True),
    # The second condition would be an error, were it asked.
    Evaluated((col("n") > 9) & (col("text") + 1 > 0), "", False),
    Evaluated((col("n") > 1) | (col("text") + 1 > 0), "", True),
]


@pytest.mark.parametrize("case", EVALUATED, ids=lambda case: case.text or "expression")
def test_an_expression_says(case: Evaluated) -> None:
    found = case.expr.evaluate(DOCUMENT)

    assert found == case.value
    assert type(found) is type(case.value)
    assert case.text in str(case.expr)
    assert repr(case.expr) == f"<Expr {case.expr}>"


@pytest.mark.parametrize("expr", [col("zero") / 0, col("nan") / 0, col("n") % 0, col("zero") % col("zero")], ids=str)
def test_what_has_no_quotient_is_nan(expr: Expr) -> None:
    assert math.isnan(expr.evaluate(DOCUMENT))


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(values(), values())
def test_comparisons_follow_the_order_of_values(a: Any, b: Any) -> None:
    document, order = {"a": a, "b": b}, compare(a, b)

    assert (col("a") == col("b")).evaluate(document) == (order == 0)
    assert (col("a") != col("b")).evaluate(document) == (order != 0)
    assert (col("a") < col("b")).evaluate(document) == (order < 0)
    assert (col("a") <= col("b")).evaluate(document) == (order <= 0)
    assert (col("a") > col("b")).evaluate(document) == (order > 0)
    assert (col("a") >= col("b")).evaluate(document) == (order >= 0)


@dataclass(frozen=True, slots=True)
class Refused:
    name: str
    evaluate: Callable[[], object]
    says: str


REFUSED = [
    Refused(
        "a sum with a string",
        lambda: as_predicate(col("text") + 1 > 0)(DOCUMENT),
        "Cannot evaluate the filter (text + 1): 'b' is not a number, in document x. Expected numbers on both sides of "
        "+ - * / %. Filter on the kind first, or use a Python predicate.",
    ),
    Refused("a sum with a bool", lambda: (col("flag") + 1).evaluate(DOCUMENT), "True is not a number"),
    Refused("a sum with what is missing", lambda: (col("nope") + 1).evaluate(DOCUMENT), "UNSET is not a number"),
    Refused("a negated list", lambda: (-col("tags")).evaluate(DOCUMENT), "['a'] is not a number"),
    Refused(
        "more than 64 bits",
        lambda: (col("n") * 2**62).evaluate(DOCUMENT),
        f"Cannot evaluate the filter (n * {2**62}): {7 * 2**62} does not fit into 64 bits, in document x. "
        "Expected whole numbers of 64 bits. Calculate with floats.",
    ),
    Refused(
        "a field that is no condition",
        lambda: as_predicate(col("n"))(DOCUMENT),
        "Cannot evaluate the filter n: 7 is not true or false. Expected a condition. "
        "Compare it with something, such as rnb.col('done') == True.",
    ),
    Refused("& of a number", lambda: (col("n") & True).evaluate(DOCUMENT), "7 is not true or false"),
    Refused("~ of a missing field", lambda: (~col("nope")).evaluate(DOCUMENT), "UNSET is not true or false"),
    Refused(
        "and instead of &",
        lambda: (col("n") > 1) and (col("n") < 9),
        "Cannot use a filter expression as a condition: (n > 1) was used with 'and', 'or', 'not', 'if' or a chained "
        "comparison. Expected the operators & | ~ between conditions in parentheses. Write (a > 1) & (b < 2).",
    ),
    Refused("a chained comparison", lambda: 1 < col("n") < 9, "(n > 1) was used with"),
    Refused(
        "what is no condition at all",
        lambda: as_predicate("likes > 3"),  # type: ignore[arg-type]
        "Cannot filter the query: 'likes > 3' is not a condition. Expected an expression such as "
        "rnb.col('likes') >= 50, True, False, or a function of a document. Compare rnb.col(...) with a value.",
    ),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refused(case: Refused) -> None:
    with pytest.raises(FilterError) as caught:
        case.evaluate()

    assert case.says in str(caught.value)


def test_what_is_no_value_cannot_be_compared_with() -> None:
    with pytest.raises(InvalidValue):
        col("n") == {1, 2}  # noqa: B015


def test_a_python_predicate_may_return_anything_true_or_false() -> None:
    assert as_predicate(lambda document: document["tags"])(DOCUMENT) is True
    assert as_predicate(lambda document: document["zero"])(DOCUMENT) is False
