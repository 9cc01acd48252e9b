"""Filters as expressions over fields: `rnb.col("likes") >= 50`.

An expression is a small tree that the engine evaluates for each document. Comparisons use the one total order of all
values, so they never fail; a missing field is `UNSET`, below everything. Arithmetic needs numbers. A Python predicate
does the same work where an expression is not enough.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from reactive_nb.documents.index_key import value_at
from reactive_nb.errors import FilterError
from reactive_nb.values.order import compare
from reactive_nb.values.value import UNSET, Unset, normalize

Evaluate = Callable[[dict[str, Any]], Any]

_COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}


class Expr:
    """A filter expression; made by `col` and combined with Python's operators.

    `==  !=  <  <=  >  >=` compare, `+ - * / %` and unary `-` calculate with numbers, `& | ~` combine conditions.
    The other side of an operator may be an expression or a plain value, `UNSET` included.

    Example:
        >>> str((col("likes") >= 50) & (col("body") != "x"))
        "((likes >= 50) & (body != 'x'))"
    """

    __slots__ = ("_text", "evaluate")
    __hash__ = None  # type: ignore[assignment]  # == builds an expression, so an expression cannot be a dict key

    def __init__(self, evaluate: Evaluate, text: str) -> None:
        self.evaluate = evaluate
        self._text = text

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"<Expr {self._text}>"

    def __bool__(self) -> bool:
        raise FilterError(
            "Cannot use a filter expression as a condition",
            thing=f"{self._text} was used with 'and', 'or', 'not', 'if' or a chained comparison",
            expected="the operators & | ~ between conditions in parentheses",
            hint="Write (a > 1) & (b < 2)",
        )

    def __eq__(self, other: object) -> Expr:  # type: ignore[override]
        return _compared(self, "==", other)

    def __ne__(self, other: object) -> Expr:  # type: ignore[override]
        return _compared(self, "!=", other)

    def __lt__(self, other: object) -> Expr:
        return _compared(self, "<", other)

    def __le__(self, other: object) -> Expr:
        return _compared(self, "<=", other)

    def __gt__(self, other: object) -> Expr:
        return _compared(self, ">", other)

    def __ge__(self, other: object) -> Expr:
        return _compared(self, ">=", other)

    def __add__(self, other: object) -> Expr:
        return _calculated(self, "+", other)

    def __radd__(self, other: object) -> Expr:
        return _calculated(other, "+", self)

    def __sub__(self, other: object) -> Expr:
        return _calculated(self, "-", other)

    def __rsub__(self, other: object) -> Expr:
        return _calculated(other, "-", self)

    def __mul__(self, other: object) -> Expr:
        return _calculated(self, "*", other)

    def __rmul__(self, other: object) -> Expr:
        return _calculated(other, "*", self)

    def __truediv__(self, other: object) -> Expr:
        return _calculated(self, "/", other)

    def __rtruediv__(self, other: object) -> Expr:
        return _calculated(other, "/", self)

    def __mod__(self, other: object) -> Expr:
        return _calculated(self, "%", other)

    def __rmod__(self, other: object) -> Expr:
        return _calculated(other, "%", self)

    def __neg__(self) -> Expr:
        return _calculated(0, "-", self)

    def __and__(self, other: object) -> Expr:
        return _combined(self, "&", other)

    def __rand__(self, other: object) -> Expr:
        return _combined(other, "&", self)

    def __or__(self, other: object) -> Expr:
        return _combined(self, "|", other)

    def __ror__(self, other: object) -> Expr:
        return _combined(other, "|", self)

    def __invert__(self) -> Expr:
        text = f"~{self}"
        return Expr(lambda document: not _truth(self.evaluate(document), text), text)


def col(path: str) -> Expr:
    """Return the expression that reads a field, for use in `.filter(...)`.

    Args:
        path: A field name, or a path such as `"meta.device"`. A missing step gives `UNSET`.

    Example:
        >>> db.read(lambda ctx: ctx.db.query("messages").filter(col("likes") >= 50).collect())
    """
    steps = tuple(path.split("."))
    if len(steps) == 1:
        return Expr(lambda document: document.get(path, UNSET), path)
    return Expr(lambda document: value_at(document, steps), path)


def as_predicate(condition: Expr | bool | Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], bool]:
    """Return a filter of any of the accepted kinds as a function from document to bool.

    Raises:
        FilterError: It is of none of these kinds.
    """
    if isinstance(condition, Expr):
        evaluate, text = condition.evaluate, str(condition)
        return lambda document: _truth(evaluate(document), text)
    if isinstance(condition, bool):
        return lambda _: condition
    if callable(condition):
        return lambda document: bool(condition(document))
    raise FilterError(
        "Cannot filter the query",
        thing=f"{condition!r} is not a condition",
        expected="an expression such as rnb.col('likes') >= 50, True, False, or a function of a document",
        hint="Compare rnb.col(...) with a value",
    )


def _operand(value: object) -> tuple[Evaluate, str]:
    if isinstance(value, Expr):
        return value.evaluate, str(value)
    constant = value if isinstance(value, Unset) else normalize(value)
    return (lambda _: constant), repr(constant)


def _compared(left: object, sign: str, right: object) -> Expr:
    (a, a_text), (b, b_text), outcome = _operand(left), _operand(right), _COMPARISONS[sign]
    return Expr(lambda document: outcome(compare(a(document), b(document)), 0), f"({a_text} {sign} {b_text})")


def _calculated(left: object, sign: str, right: object) -> Expr:
    (a, a_text), (b, b_text), calculate = _operand(left), _operand(right), _ARITHMETIC[sign]
    text = f"({a_text} {sign} {b_text})"

    def evaluate(document: dict[str, Any]) -> int | float:
        x, y = a(document), b(document)
        for value in (x, y):
            if type(value) is not int and type(value) is not float:
                raise FilterError(
                    f"Cannot evaluate the filter {text}",
                    thing=f"{value!r} is not a number, in document {document.get('_id')}",
                    expected="numbers on both sides of + - * / %",
                    hint="Filter on the kind first, or use a Python predicate",
                )
        try:
            result: int | float = calculate(x, y)
        except ZeroDivisionError:
            # As IEEE 754 and Convex have it, and so that one document cannot fail the whole query.
            if sign == "%" or x == 0 or x != x:
                return math.nan
            return math.copysign(math.inf, x) * math.copysign(1.0, y)
        if type(result) is int and not -(1 << 63) <= result < 1 << 63:
            raise FilterError(
                f"Cannot evaluate the filter {text}",
                thing=f"{result} does not fit into 64 bits, in document {document.get('_id')}",
                expected="whole numbers of 64 bits",
                hint="Calculate with floats",
            )
        return result

    return Expr(evaluate, text)


def _combined(left: object, sign: str, right: object) -> Expr:
    (a, a_text), (b, b_text) = _operand(left), _operand(right)
    text = f"({a_text} {sign} {b_text})"
    if sign == "&":
        return Expr(lambda document: _truth(a(document), text) and _truth(b(document), text), text)
    return Expr(lambda document: _truth(a(document), text) or _truth(b(document), text), text)


def _truth(value: object, text: str) -> bool:
    if type(value) is not bool:
        raise FilterError(
            f"Cannot evaluate the filter {text}",
            thing=f"{value!r} is not true or false",
            expected="a condition",
            hint="Compare it with something, such as rnb.col('done') == True",
        )
    return value
