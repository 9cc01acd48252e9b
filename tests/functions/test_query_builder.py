"""Reading documents: what is returned, what is recorded as read, and what a builder refuses."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reactive_nb as rnb
from reactive_nb import col
from reactive_nb.documents.interval import ALL, Interval
from reactive_nb.engine import Engine
from reactive_nb.errors import IndexRangeError, NotUnique, QueryUsageError, ReactiveError, SchemaError, UnknownIndex
from reactive_nb.functions.context import QueryContext
from reactive_nb.functions.query_builder import TableQuery
from reactive_nb.values.order import encode_value
from tests.strategies import numbers
from tests.tools import Core, bare, fields, insert, looked_at

# ------------------------------------------------------------------ what is recorded as read


def keys_of(db: Engine, table: str) -> list[bytes]:
    """The keys of all documents of a table by creation time, oldest first."""
    documents = db.read(lambda ctx: ctx.db.query(table).collect())
    return [encode_value(document["_creationTime"]) + document["_id"].encode() for document in documents]


def broken_off(ctx: QueryContext) -> None:
    for document in ctx.db.query("t"):
        if document["n"] == 1:
            break


@dataclass(frozen=True, slots=True)
class Looked:
    name: str
    body: Callable[[QueryContext], Any]
    first: int | None
    """The position of the first document of the range, None for the start of the index."""
    last: int | None
    """The position of the last document of the range, None for the end of the index."""


LOOKED = [
    Looked("collect: all", lambda ctx: ctx.db.query("t").collect(), None, None),
    Looked("take: up to the last taken", lambda ctx: ctx.db.query("t").take(2), None, 1),
    Looked("take of all and no more", lambda ctx: ctx.db.query("t").take(4), None, 3),
    Looked("take of more than there are: all", lambda ctx: ctx.db.query("t").take(5), None, None),
    Looked("first", lambda ctx: ctx.db.query("t").first(), None, 0),
    Looked("first, desc", lambda ctx: ctx.db.query("t").order("desc").first(), 3, None),
    Looked("take, desc", lambda ctx: ctx.db.query("t").order("desc").take(2), 2, None),
    Looked("a filtered first: up to the match", lambda ctx: ctx.db.query("t").filter(col("n") == 2).first(), None, 2),
    Looked("a filter without match: all", lambda ctx: ctx.db.query("t").filter(col("n") == 9).first(), None, None),
    Looked("a loop that ends early", broken_off, None, 1),
    Looked("a loop over all", lambda ctx: list(ctx.db.query("t")), None, None),
    Looked("a page", lambda ctx: ctx.db.query("t").paginate(3), None, 2),
    Looked("a page with the end", lambda ctx: ctx.db.query("t").paginate(5), None, None),
    Looked("a page, desc", lambda ctx: ctx.db.query("t").order("desc").paginate(3), 1, None),
    Looked("a filtered page", lambda ctx: ctx.db.query("t").filter(col("n") > 0).paginate(1), None, 1),
    Looked("a page with a read limit", lambda ctx: ctx.db.query("t").paginate(9, maximum_rows_read=2), None, 1),
    Looked("count: all", lambda ctx: ctx.db.query("t").count(), None, None),
    Looked("sum: all", lambda ctx: ctx.db.query("t").sum("n"), None, None),
    Looked("a filtered count: all", lambda ctx: ctx.db.query("t").filter(col("n") == 1).count(), None, None),
]


@pytest.mark.parametrize("case", LOOKED, ids=lambda case: case.name)
def test_only_what_was_consumed_is_recorded_as_read(case: Looked, db: Engine) -> None:
    insert(db, "t", *({"n": n} for n in range(4)))
    keys = keys_of(db, "t")
    start = ALL.start if case.first is None else keys[case.first]
    end = ALL.end if case.last is None else keys[case.last] + b"\0"

    assert looked_at(db, case.body) == {("t", "by_creation_time"): [Interval(start, end)]}


@pytest.mark.parametrize(
    "body",
    [
        lambda ctx: ctx.db.query("t"),
        lambda ctx: iter(ctx.db.query("t")),
        lambda ctx: ctx.db.query("t").take(0),
        lambda ctx: ctx.db.query("t").with_index("by_n", n=1).order("desc"),
    ],
    ids=["a query", "an iterator", "take(0)", "a shaped query"],
)
def test_what_reads_nothing_records_nothing(body: Callable[[QueryContext], Any], db: Engine) -> None:
    db.define(t=rnb.table().index("by_n", "n"))
    insert(db, "t", {"n": 1})

    assert looked_at(db, body) == {}


def test_a_read_through_an_index_is_recorded_there_with_its_range(db: Engine) -> None:
    db.define(t=rnb.table().index("by_n", "n"))
    insert(db, "t", {"n": 1}, {"n": 2})
    prefix = encode_value(1)

    assert looked_at(db, lambda ctx: ctx.db.query("t").with_index("by_n", n=1).collect()) == {
        ("t", "by_n"): [Interval(prefix, prefix + b"\xff")]
    }


def test_a_table_that_does_not_exist_is_recorded_as_read(db: Engine) -> None:
    assert looked_at(db, lambda ctx: ctx.db.query("t").collect()) == {("t", "by_creation_time"): [ALL]}


def test_a_filter_that_raises_has_read_the_document_it_raised_on(db: Engine) -> None:
    ids = insert(db, "t", {"n": 1}, {"n": 0}, {"n": 2})

    @db.query
    def halves(ctx: Any) -> int:
        return len(ctx.db.query("t").filter(lambda document: 1 / document["n"] > 0).collect())

    with halves.live() as live:
        assert isinstance(live.error, ZeroDivisionError)

        with db.transaction() as tx:
            tx.db.patch(ids[1], {"n": 5})
        db.settle()

        assert (live.value, live.error) == (3, None)


# ------------------------------------------------------------------ what is returned


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.none() | st.integers(0, 2)), max_size=20),
    st.sampled_from(["asc", "desc"]),
    st.integers(0, 4),
    st.integers(0, 25),
    st.booleans(),
)
def test_reading_an_index_is_filtering_and_sorting(
    rows: list[tuple[int, int | None]], order: Any, least: int, limit: int, filtered: bool
) -> None:
    core = Core()
    core.define(t=rnb.table().index("by_a_b", "a", "b"))
    core.write(lambda ctx: [ctx.db.insert("t", {"a": a, "b": b}) for a, b in rows])
    kept = [(a, b) for a, b in rows if a >= least and (not filtered or b is not None)]
    expected = sorted(kept, key=lambda row: (row[0], row[1] is not None, row[1] or 0))
    if order == "desc":
        expected.reverse()

    def query(ctx: QueryContext) -> Any:
        shaped = ctx.db.query("t").with_index("by_a_b", lambda q: q.gte("a", least)).order(order)
        return shaped.filter(col("b") != None) if filtered else shaped  # noqa: E711

    def read(ctx: QueryContext) -> list[Any]:
        return [query(ctx).collect(), list(query(ctx)), query(ctx).take(limit), query(ctx).first(), query(ctx).count()]

    everything, iterated, taken, first, count = core.runner.read(read, "read").value()
    assert [(document["a"], document["b"]) for document in everything] == expected
    assert iterated == everything
    assert taken == everything[:limit]
    assert first == (everything[0] if everything else None)
    assert count == len(everything)


def test_documents_are_decoded_afresh_at_each_read(db: Engine) -> None:
    insert(db, "t", {"tags": ["a"]})

    def read(ctx: QueryContext) -> Any:
        ctx.db.query("t").collect()[0]["tags"].append("b")
        return ctx.db.query("t").collect()[0]["tags"]

    assert db.read(read) == ["a"]


def test_a_query_sees_what_was_written_after_it_was_built(db: Engine) -> None:
    @db.mutation
    def work(ctx: Any) -> int:
        query = ctx.db.query("t")
        ctx.db.insert("t", {})
        return len(query.collect())

    assert work() == 1


def test_a_loop_does_not_see_what_is_written_in_it(db: Engine) -> None:
    insert(db, "t", {}, {})

    @db.mutation
    def double(ctx: Any) -> int:
        for _ in ctx.db.query("t"):
            ctx.db.insert("t", {})
        return ctx.db.query("t").count()

    assert double() == 4


@pytest.mark.parametrize(
    ("range", "expected"),
    [
        ({"tags": "a"}, [1, 2]),
        ({"tags": "c"}, [2]),
        ({"tags": "nope"}, []),
        ({}, [1, 2, 3]),
    ],
    ids=["one element", "another", "none", "all: each document once"],
)
def test_a_multi_index_finds_documents_by_element(range: dict[str, Any], expected: list[int], db: Engine) -> None:
    db.define(t=rnb.table().index("by_tag", "tags", multi=True))
    insert(
        db,
        "t",
        {"n": 1, "tags": ["a", "b", "a"]},
        {"n": 2, "tags": ["c", "a"]},
        {"n": 3, "tags": ["b"]},
        {"n": 4, "tags": []},
        {"n": 5, "tags": "a"},
        {"n": 6},
    )

    def read(ctx: QueryContext) -> tuple[list[int], int, int | float]:
        query = ctx.db.query("t").with_index("by_tag", **range)
        return sorted(document["n"] for document in query.collect()), query.count(), query.sum("n")

    assert db.read(read) == (expected, len(expected), sum(expected))


# ------------------------------------------------------------------ aggregates


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(numbers(), st.none(), st.just("x")), max_size=20), st.booleans())
def test_aggregates_are_those_of_the_documents(values: list[Any], filtered: bool) -> None:
    core = Core()
    core.write(lambda ctx: [ctx.db.insert("t", {"v": value, "odd": place % 2}) for place, value in enumerate(values)])
    kept = values[1::2] if filtered else values
    found = [value for value in kept if isinstance(value, int | float)]

    def read(ctx: QueryContext) -> list[Any]:
        query = ctx.db.query("t")
        if filtered:
            query.filter(col("odd") == 1)
        return [query.count(), query.sum("v"), query.avg("v"), len(query.collect())]

    count, total, average, length = core.runner.read(read, "read").value()
    assert count == length == len(kept)
    if any(map(math.isnan, found)):
        assert math.isnan(total)
        assert math.isnan(average)
    elif all(isinstance(value, int) for value in found):
        assert (total, type(total)) == (sum(found), int)
    assert (average is None) == (not found)


@dataclass(frozen=True, slots=True)
class Aggregated:
    name: str
    documents: list[dict[str, Any]]
    field: str
    expected: list[Any]
    """sum, avg, min, max"""


AGGREGATED = [
    Aggregated("no documents", [], "n", [0, None, None, None]),
    Aggregated("nobody has the field", [{}, {"m": 1}], "n", [0, None, None, None]),
    Aggregated("null is no value", [{"n": None}, {"n": 3}], "n", [3, 3.0, 3, 3]),
    Aggregated("ints", [{"n": 1}, {"n": 2}], "n", [3, 1.5, 1, 2]),
    Aggregated("floats, exactly", [{"n": 0.1}] * 10, "n", [1.0, 0.1, 0.1, 0.1]),
    Aggregated("beside strings", [{"n": 1}, {"n": "x"}], "n", [1, 1.0, 1, "x"]),
    Aggregated("booleans are no numbers", [{"n": True}, {"n": 2}], "n", [2, 2.0, 2, True]),
    Aggregated("strings only", [{"n": "b"}, {"n": "a"}], "n", [0, None, "a", "b"]),
    Aggregated("a nested field", [{"m": {"n": 2}}, {"m": 3}], "m.n", [2, 2.0, 2, 2]),
]


@pytest.mark.parametrize("filtered", [False, True], ids=["", "through a filter"])
@pytest.mark.parametrize("case", AGGREGATED, ids=lambda case: case.name)
def test_sum_avg_min_and_max(case: Aggregated, filtered: bool, db: Engine) -> None:
    insert(db, "t", *case.documents)

    def read(ctx: QueryContext) -> list[Any]:
        query = ctx.db.query("t")
        if filtered:
            query.filter(True)
        return [query.sum(case.field), query.avg(case.field), query.min(case.field), query.max(case.field)]

    found = db.read(read)
    assert found == case.expected
    assert list(map(type, found)) == list(map(type, case.expected))


def test_aggregates_of_a_table_that_does_not_exist(db: Engine) -> None:
    def read(ctx: QueryContext) -> list[Any]:
        query = ctx.db.query("nope")
        return [query.count(), query.sum("n"), query.avg("n"), query.min("n"), query.max("n")]

    assert db.read(read) == [0, 0, None, None, None]


def test_aggregates_see_the_writes_of_their_mutation(db: Engine) -> None:
    insert(db, "t", {"n": 1})

    @db.mutation
    def work(ctx: Any) -> list[Any]:
        ctx.db.insert("t", {"n": 4})
        query = ctx.db.query("t")
        return [query.count(), query.sum("n"), query.max("n")]

    assert work() == [2, 5, 4]


def test_aggregates_may_be_asked_beside_a_read_and_mean_the_whole_range(db: Engine) -> None:
    insert(db, "t", *({"n": n} for n in range(5)))

    def read(ctx: QueryContext) -> tuple[int, int, int]:
        query = ctx.db.query("t")
        before = query.count()
        query.paginate(2)
        return before, query.count(), len(ctx.db.query("t").take(query.count()))

    assert db.read(read) == (5, 5, 5)


# ------------------------------------------------------------------ what is refused


@dataclass(frozen=True, slots=True)
class Refused:
    name: str
    use: Callable[[QueryContext], Any]
    error: type[ReactiveError]
    says: str


REFUSED = [
    Refused(
        "order twice",
        lambda ctx: ctx.db.query("t").order("asc").order("desc"),
        QueryUsageError,
        "Cannot query t this way: its order was chosen already. Expected order at most once. "
        "Start a new ctx.db.query(...).",
    ),
    Refused(
        "another order",
        lambda ctx: ctx.db.query("t").order("up"),
        QueryUsageError,
        "'up' is not an order. Expected 'asc'",
    ),
    Refused(
        "two indexes",
        lambda ctx: ctx.db.query("t").with_index("by_n").with_index("by_n"),
        QueryUsageError,
        "an index was chosen already. Expected one with_index per query.",
    ),
    Refused("take(-1)", lambda ctx: ctx.db.query("t").take(-1), QueryUsageError, "-1 documents were asked for"),
    Refused("take(1.0)", lambda ctx: ctx.db.query("t").take(1.0), QueryUsageError, "1.0 documents were asked for"),
    Refused("take(True)", lambda ctx: ctx.db.query("t").take(True), QueryUsageError, "True documents were asked for"),
    Refused(
        "collect twice",
        lambda ctx: [query := ctx.db.query("t"), query.collect(), query.collect()],
        QueryUsageError,
        "its documents were read already. Expected one read per query, beside aggregates.",
    ),
    Refused(
        "an unknown index",
        lambda ctx: ctx.db.query("t").with_index("by_x"),
        UnknownIndex,
        "Cannot read t by index 'by_x': the table t has no such index. Expected one of "
        "['by_id', 'by_creation_time', 'by_n']. Declare it with db.define(t=rnb.table(...).index('by_x', ...)).",
    ),
    Refused(
        "a range that is a dict",
        lambda ctx: ctx.db.query("t").with_index("by_n", {"n": 1}),  # type: ignore[arg-type]
        IndexRangeError,
        "Cannot read t by index 'by_n': the range is {'n': 1} (dict). Expected a function of the range, or fields by "
        "name. Write with_index('by_n', lambda q: q.gt(field, value)) or with_index('by_n', field=value).",
    ),
    Refused(
        "a range that is a value",
        lambda ctx: ctx.db.query("t").with_index("by_n", "a"),  # type: ignore[arg-type]
        IndexRangeError,
        "the range is 'a' (str)",
    ),
    Refused(
        "a sum of an expression",
        lambda ctx: ctx.db.query("t").sum(col("n")),  # type: ignore[arg-type]
        QueryUsageError,
        "Cannot return the sum of t: its field is <Expr n> (Expr). Expected the name of a field, or a path such as "
        "'author.age'. Write sum('n').",
    ),
    Refused("a sum of 3", lambda ctx: ctx.db.query("t").sum(3), QueryUsageError, "its field is 3 (int)"),  # type: ignore[arg-type]
    Refused("avg of a quote", lambda ctx: ctx.db.query("t").avg('a"b'), QueryUsageError, "its field is 'a\"b' (str)"),
    Refused("min of nothing", lambda ctx: ctx.db.query("t").min(""), QueryUsageError, "its field is '' (str)"),
    Refused(
        "max of a calculation",
        lambda ctx: ctx.db.query("t").max(col("n") + 1),  # type: ignore[arg-type]
        QueryUsageError,
        "Write max('likes').",
    ),
    Refused(
        "a position",
        lambda ctx: ctx.db.query("t")[0],
        QueryUsageError,
        "Cannot take document 0 (int) of t: a query is not a list. Expected one of the methods that read. "
        "Use first(), at(n) or take(n).",
    ),
    Refused("a table name that cannot be", lambda ctx: ctx.db.query("a b"), SchemaError, "'a b' is not a table name"),
    Refused("a table that is no string", lambda ctx: ctx.db.query(None), SchemaError, "None is not a table name"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refused(case: Refused, db: Engine) -> None:
    db.define(t=rnb.table().index("by_n", "n"))

    with pytest.raises(case.error) as caught:
        db.read(case.use)

    assert case.says in str(caught.value)


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        (lambda query: query, "<query of t by by_creation_time, asc; read it with collect, take, first, "),
        (lambda query: query.order("desc"), "<query of t by by_creation_time, desc; "),
        (lambda query: query.with_index("by_n").filter(col("n") > 1), "<query of t by by_n, asc, filter (n > 1); "),
        (
            lambda query: query.with_index("by_n", n=1).filter(bool),
            "<query of t by by_n, a range of it, asc, filter by a function; ",
        ),
    ],
)
def test_a_query_shows_its_shape_and_who_reads_it(
    shape: Callable[[TableQuery], TableQuery], says: str, db: Engine
) -> None:
    db.define(t=rnb.table().index("by_n", "n"))

    shown = db.read(lambda ctx: repr(shape(ctx.db.query("t"))))

    assert shown.startswith(says)
    readers = re.findall(r"\w+", shown.partition("read it with")[2])
    assert [name for name in readers if name not in ("for", "or") and not hasattr(TableQuery, name)] == []


def test_the_error_of_unique_names_both_documents(db: Engine) -> None:
    first, second, _ = insert(db, "t", {}, {}, {})

    with pytest.raises(NotUnique) as caught:
        db.read(lambda ctx: ctx.db.query("t").unique())

    assert str(caught.value) == (
        f"Cannot return the unique document of t: the query found more than one, first {first} and {second}. "
        "Expected none or one. Use first() or take(n), or declare the index unique=True."
    )


def test_a_field_of_an_index_may_be_given_by_name_and_bounded_further(db: Engine) -> None:
    db.define(t=rnb.table().index("by_a_b", "a", "b"))
    insert(db, "t", {"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 2})

    found = db.read(lambda ctx: ctx.db.query("t").with_index("by_a_b", lambda q: q.gt("b", 1), a=1).collect())

    assert bare(found) == [{"a": 1, "b": 2}]


def test_first_of_an_index_read_backwards_is_the_largest(db: Engine) -> None:
    db.define(t=rnb.table().index("by_n", "n"))
    insert(db, "t", {"n": 2}, {"n": 9}, {"n": 5})

    largest = db.read(lambda ctx: ctx.db.query("t").with_index("by_n").order("desc").first())

    assert largest is not None
    assert fields(largest) == {"n": 9}
