"""Filters of searches: a condition is met by exactly the documents that a loop over the values finds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb import UNSET, col
from reactive_nb.documents.interval import Interval
from reactive_nb.errors import InvalidValue, QueryUsageError
from reactive_nb.functions.search_filter import SearchCondition, SearchFilter, compile_filter
from reactive_nb.schema.search_declaration import SearchIndex, VectorIndex
from reactive_nb.search.condition import ALWAYS, AllOf, AnyOf, Condition, Within, meets
from reactive_nb.values.order import compare, encode_value
from tests.strategies import keyable_values

WHAT = "Cannot search papers by 'by_embedding'"
FIELDS = ("field", "year", "meta.place")
INDEX = VectorIndex("by_embedding", "embedding", 4, FIELDS)
Filter = Callable[[SearchFilter], Any]


def compiled(filter: Filter | None) -> Condition:
    return compile_filter(filter, INDEX, WHAT)


def found(filter: Filter, values: Sequence[Any]) -> list[Any]:
    """Which values of the field `year` meet the filter."""
    condition = compiled(filter)
    rest = encode_value("x")
    return [each for each in values if meets(condition, (rest, encode_value(each), rest))]


# ------------------------------------------------------------------ what is met


ORDERED: list[Any] = [
    UNSET,
    None,
    -1,
    0,
    0.5,
    1,
    datetime(2026, 1, 1, tzinfo=UTC),
    False,
    True,
    "",
    "a",
    "a\0",
    "b",
    b"a",
    [],
]


@dataclass(frozen=True, slots=True)
class Met:
    name: str
    filter: Filter
    found: list[Any]


MET = [
    Met("eq", lambda q: q.eq("year", 0.5), [0.5]),
    Met("eq of an int and a float", lambda q: q.eq("year", 1.0), [1]),
    Met("eq of a numpy number", lambda q: q.eq("year", np.int64(1)), [1]),
    Met("eq of a string that another one begins with", lambda q: q.eq("year", "a"), ["a"]),
    Met("eq of a missing field", lambda q: q.eq("year", UNSET), [UNSET]),
    Met("eq of null", lambda q: q.eq("year", None), [None]),
    Met("gt", lambda q: q.gt("year", "a"), ORDERED[ORDERED.index("a\0") :]),
    Met("gt missing", lambda q: q.gt("year", UNSET), ORDERED[1:]),
    Met("gte", lambda q: q.gte("year", "a"), ORDERED[ORDERED.index("a") :]),
    Met("lt", lambda q: q.lt("year", 0.5), [UNSET, None, -1, 0]),
    Met("lt missing", lambda q: q.lt("year", UNSET), []),
    Met("lte", lambda q: q.lte("year", 0.5), [UNSET, None, -1, 0, 0.5]),
    Met("is_in", lambda q: q.is_in("year", ["b", -1, 7, -1.0]), [-1, "b"]),
    Met("is_in with a missing field", lambda q: q.is_in("year", (UNSET, None)), [UNSET, None]),
    Met("is_in of one value", lambda q: q.is_in("year", {0}), [0]),
    Met("is_in of no value", lambda q: q.is_in("year", []), []),
    Met("is_in of numpy's and pandas' values", lambda q: q.is_in("year", np.array([0, 1])), [0, 1]),
    Met("is_in of a column", lambda q: q.is_in("year", pd.Series(["a", "b"])), ["a", "b"]),
    Met("is_in of a generator", lambda q: q.is_in("year", (n for n in range(2))), [0, 1]),
    Met("and_", lambda q: q.and_(q.gt("year", -1), q.lt("year", 1), q.eq("field", "x")), [0, 0.5]),
    Met("and_ of nothing", lambda q: q.and_(), ORDERED),
    Met("or_", lambda q: q.or_(q.eq("year", 0), q.gt("year", b"")), [0, b"a", []]),
    Met("or_ of nothing", lambda q: q.or_(), []),
    Met("&", lambda q: q.gt("year", -1) & q.lt("year", 1) & q.eq("field", "y"), []),
    Met("|", lambda q: q.eq("year", 0) | q.eq("year", "b") & q.eq("field", "x"), [0, "b"]),
]


@pytest.mark.parametrize("case", MET, ids=lambda case: case.name)
def test_it_is_met_by(case: Met) -> None:
    assert found(case.filter, ORDERED) == case.found


Tree = tuple[Any, ...]
TESTS: dict[str, Callable[[int], bool]] = {
    "eq": lambda order: order == 0,
    "gt": lambda order: order > 0,
    "gte": lambda order: order >= 0,
    "lt": lambda order: order < 0,
    "lte": lambda order: order <= 0,
}

pool = st.one_of(st.sampled_from(ORDERED), keyable_values())
fields = st.sampled_from(FIELDS)
leaves: st.SearchStrategy[Tree] = st.one_of(
    st.tuples(st.sampled_from(list(TESTS)), fields, pool),
    st.tuples(st.just("is_in"), fields, st.lists(pool, max_size=4)),
)
trees: st.SearchStrategy[Tree] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["and_", "or_"]), st.lists(inner, max_size=3)),
        st.tuples(st.sampled_from(["&", "|"]), st.tuples(inner, inner)),
    ),
    max_leaves=5,
)


def built(q: SearchFilter, tree: Tree) -> SearchCondition:
    match tree:
        case ("and_" | "or_") as verb, members:
            joined: SearchCondition = getattr(q, verb)(*(built(q, each) for each in members))
            return joined
        case "&", (left, right):
            return built(q, left) & built(q, right)
        case "|", (left, right):
            return built(q, left) | built(q, right)
        case verb, field, value:
            compared: SearchCondition = getattr(q, verb)(field, value)
            return compared
    raise AssertionError(tree)


def holds(tree: Tree, document: dict[str, Any]) -> bool:
    """The same by comparing values, one after the other."""
    match tree:
        case (("and_" | "&"), members):
            return all(holds(each, document) for each in members)
        case (("or_" | "|"), members):
            return any(holds(each, document) for each in members)
        case "is_in", field, values:
            return any(compare(document[field], each) == 0 for each in values)
        case verb, field, value:
            return TESTS[verb](compare(document[field], value))
    raise AssertionError(tree)


def mentioned(tree: Tree) -> list[Any]:
    """All values in it, so that documents equal to them are tried."""
    match tree:
        case (("and_" | "or_" | "&" | "|"), members):
            return [value for each in members for value in mentioned(each)]
        case "is_in", _, values:
            return [*values]
    return [tree[2]]


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(st.data(), trees)
def test_a_filter_is_met_by_the_documents_whose_values_compare_so(data: st.DataObject, tree: Tree) -> None:
    condition = compiled(lambda q: built(q, tree))
    candidates = [*ORDERED, *mentioned(tree), data.draw(pool)]

    for place in range(12):
        values = {field: data.draw(st.sampled_from(candidates), label=f"{place} {field}") for field in FIELDS}
        encoded = tuple(encode_value(values[field]) for field in FIELDS)
        assert meets(condition, encoded) == holds(tree, values), values


# ------------------------------------------------------------------ its form


def test_without_a_filter_every_document_is_met() -> None:
    assert compiled(None) is ALWAYS


@pytest.mark.parametrize(("position", "field"), list(enumerate(FIELDS)))
def test_fields_are_named_by_their_position(position: int, field: str) -> None:
    assert compiled(lambda q: q.lt(field, 3)) == Within(position, Interval(b"", encode_value(3)))


def test_a_text_index_has_filters_too() -> None:
    index = SearchIndex("search_title", "title", ("field",))

    assert compile_filter(lambda q: q.gte("field", "a"), index, WHAT) == Within(0, Interval(encode_value("a"), b"\xff"))


def test_conditions_of_one_kind_make_one_list() -> None:
    a, b, c = (Within(1, Interval(encode_value(n), encode_value(n) + b"\0")) for n in range(3))

    assert compiled(lambda q: q.eq("year", 0) & q.eq("year", 1) & q.eq("year", 2)) == AllOf((a, b, c))
    assert compiled(lambda q: q.and_(q.and_(q.eq("year", 0), q.eq("year", 1)), q.eq("year", 2))) == AllOf((a, b, c))
    assert compiled(lambda q: q.eq("year", 0) | q.is_in("year", [2, 1])) == AnyOf((a, b, c))
    assert compiled(lambda q: q.or_(q.and_(q.eq("year", 0)))) == a
    assert compiled(lambda q: q.eq("year", 0) & (q.eq("year", 1) | q.eq("year", 2))) == AllOf((a, AnyOf((b, c))))


def test_one_set_of_values_is_one_condition() -> None:
    assert compiled(lambda q: q.is_in("year", [3, 1, 2, 1])) == compiled(lambda q: q.is_in("year", (1.0, 2, 3)))


def test_a_condition_says_how_it_was_written() -> None:
    q = SearchFilter(INDEX, WHAT)

    condition = q.eq("field", "db") & (q.gte("year", 2020) | q.is_in("year", [1, 2]))

    assert repr(condition) == "<SearchCondition and_(eq('field', 'db'), or_(gte('year', 2020), is_in('year', [1, 2])))>"


# ------------------------------------------------------------------ refused


ELSEWHERE = SearchFilter(VectorIndex("other", "embedding", 4, ("year",)), "Cannot search elsewhere").eq("year", 1)
CONDITION = "Expected a condition such as q.eq('field', value). "
JOIN = 'Write q.eq("a", 1) & (q.eq("b", 2) | q.gt("c", 3)), or use q.and_(...) and q.or_(...).'
OPERATORS = f"was used with 'and', 'or', 'not' or 'if'. Expected the operators & and | between conditions. {JOIN}"
LIST = "Expected a list of values. Put one value into a list."
DECLARED = (
    "is not a filter field of the index. Expected one of ['field', 'year', 'meta.place']. "
    "Declare the field in filter_fields=[...] of the index."
)
TOO_MANY = (
    "the filter has more than 64 conditions, counting each value of is_in. Expected at most 64. "
    "Filter by a field that says the same in fewer values, or by a range with gte and lt."
)


@dataclass(frozen=True, slots=True)
class Refused:
    name: str
    filter: Any
    message: str


REFUSED = [
    Refused("a field that is not a filter field", lambda q: q.eq("embedding", 1), f"'embedding' {DECLARED}"),
    Refused("the same with is_in", lambda q: q.is_in("_id", []), f"'_id' {DECLARED}"),
    Refused("the same with a range", lambda q: q.lte("place", 3), f"'place' {DECLARED}"),
    Refused("a field that is no string", lambda q: q.gt(3, 3), f"3 {DECLARED}"),
    Refused(
        "is_in with a string", lambda q: q.is_in("field", "db"), f"is_in('field', ...) was given 'db' (str). {LIST}"
    ),
    Refused(
        "is_in with bytes", lambda q: q.is_in("field", b"d"), f"is_in('field', ...) was given b'd' (bytes). {LIST}"
    ),
    Refused("is_in with a dict", lambda q: q.is_in("year", {}), f"is_in('year', ...) was given {{}} (dict). {LIST}"),
    Refused("is_in with a number", lambda q: q.is_in("year", 3), f"is_in('year', ...) was given 3 (int). {LIST}"),
    Refused("True", lambda q: True, f"the filter function returned True (bool). {CONDITION}{JOIN}"),
    Refused("None", lambda q: None, f"the filter function returned None. {CONDITION}{JOIN}"),
    Refused(
        "an expression",
        lambda q: col("year") > 3,
        f"the filter function returned <Expr (year > 3)> (Expr). {CONDITION}{JOIN}",
    ),
    Refused(
        "no function",
        {"year": 3},
        "the filter is {'year': 3} (dict). Expected a function. Write filter=lambda q: q.eq(\"field\", value).",
    ),
    Refused("and", lambda q: q.eq("year", 1) and q.eq("field", "a"), f"eq('year', 1) {OPERATORS}"),
    Refused("or", lambda q: q.eq("year", 1) or q.eq("field", "a"), f"eq('year', 1) {OPERATORS}"),
    Refused(
        "not", lambda q: not (q.eq("year", 1) & q.gt("year", 2)), f"and_(eq('year', 1), gt('year', 2)) {OPERATORS}"
    ),
    Refused("a list for and_", lambda q: q.and_([]), f"and_(...) was given [] (list). {CONDITION}{JOIN}"),
    Refused(
        "True in or_", lambda q: q.or_(q.eq("year", 1), True), f"or_(...) was given True (bool). {CONDITION}{JOIN}"
    ),
    Refused("& True", lambda q: q.eq("year", 1) & True, f"and_(...) was given True (bool). {CONDITION}{JOIN}"),
    Refused("True &", lambda q: True & q.eq("year", 1), f"and_(...) was given True (bool). {CONDITION}{JOIN}"),
    Refused("| None", lambda q: q.eq("year", 1) | None, f"or_(...) was given None. {CONDITION}{JOIN}"),
    Refused("None |", lambda q: None | q.eq("year", 1), f"or_(...) was given None. {CONDITION}{JOIN}"),
    Refused(
        "a condition of another search",
        lambda q: q.eq("field", "a") & ELSEWHERE,
        "eq('year', 1) was made by the filter of another search. Expected conditions of the q that the filter function "
        "gets. Make the condition inside the filter function.",
    ),
    Refused(
        "nothing but a condition of another search",
        lambda q: ELSEWHERE,
        "eq('year', 1) was made by the filter of another search. Expected conditions of the q that the filter function "
        "gets. Make the condition inside the filter function.",
    ),
    Refused("65 conditions", lambda q: q.or_(*(q.eq("year", n) for n in range(65))), TOO_MANY),
    Refused("65 values", lambda q: q.is_in("year", range(65)), TOO_MANY),
    Refused("64 values and a condition", lambda q: q.is_in("year", range(64)) & q.eq("field", "a"), TOO_MANY),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_it_is_refused_in_these_words(case: Refused) -> None:
    with pytest.raises(QueryUsageError) as refused:
        compiled(case.filter)

    assert str(refused.value) == f"{WHAT}: {case.message}"


def test_an_index_without_filter_fields_says_so() -> None:
    with pytest.raises(QueryUsageError) as refused:
        compile_filter(lambda q: q.eq("year", 1), SearchIndex("search_title", "title"), WHAT)

    assert str(refused.value) == (
        f"{WHAT}: 'year' is not a filter field of the index. Expected no filter, for it has no filter fields. "
        "Declare the field in filter_fields=[...] of the index."
    )


def test_64_conditions_are_accepted() -> None:
    assert found(lambda q: q.is_in("year", range(63)) & q.eq("field", "x"), [0, 62, 63]) == [0, 62]
    assert found(lambda q: q.is_in("year", [n // 2 for n in range(128)]), [0, 63, 64]) == [0, 63]


@pytest.mark.parametrize("verb", [*TESTS, "is_in"])
@pytest.mark.parametrize("value", [{1}, object(), 2**63, "\ud800", col("year"), ELSEWHERE], ids=repr)
def test_what_is_no_value_is_refused_as_everywhere(verb: str, value: object) -> None:
    with pytest.raises(InvalidValue, match="Cannot accept the value"):
        compiled(lambda q: getattr(q, verb)("year", [value] if verb == "is_in" else value))


def test_an_error_of_the_filter_function_itself_is_the_users() -> None:
    with pytest.raises(ZeroDivisionError):
        compiled(lambda q: q.eq("year", 1 // 0))
