"""Groups, distinct values and positions: what a loop over the documents gives, and what is recorded as read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reactive_nb as rnb
from reactive_nb import UNSET, col
from reactive_nb.documents.interval import ALL, Interval
from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.engine import Engine
from reactive_nb.errors import IndexRangeError, InvalidId, QueryUsageError, ReactiveError
from reactive_nb.functions.context import QueryContext
from reactive_nb.functions.query_builder import TableQuery
from reactive_nb.values.order import encode_key, encode_value
from reactive_nb.values.wire import encode
from tests.tools import Core, Document, fields, insert, looked_at

PAPERS = [
    {"field": "db", "year": 2024, "cites": 3},
    {"field": "db", "year": 2025, "cites": 5},
    {"field": "food", "year": 2025, "cites": 9},
    {"field": "db", "year": 2025, "cites": 0.5},
    {"field": "db", "cites": 7},
    {"field": "db", "year": None, "cites": 1},
]


@pytest.fixture
def papers(db: Engine) -> list[str]:
    db.define(papers=rnb.table().index("by_field", "field", "year"))
    return insert(db, "papers", *PAPERS)


def by_field(ctx: QueryContext, **equal: Any) -> TableQuery:
    return ctx.db.query("papers").with_index("by_field", **equal)


# ------------------------------------------------------------------ groups


def test_groups_after_an_equality_in_the_order_of_the_index(db: Engine, papers: list[str]) -> None:
    rows = db.read(lambda ctx: by_field(ctx, field="db").group_by("year", n=rnb.count(), cites=rnb.sum("cites")))

    assert rows == [
        {"n": 1, "cites": 7},  # the field is missing
        {"year": None, "n": 1, "cites": 1},
        {"year": 2024, "n": 1, "cites": 3},
        {"year": 2025, "n": 2, "cites": 5.5},
    ]
    assert [list(map(type, row.values())) for row in rows[-2:]] == [[int, int, int], [int, int, float]]


def test_groups_of_several_fields_and_all_aggregates(db: Engine, papers: list[str]) -> None:
    rows = db.read(
        lambda ctx: by_field(ctx).group_by(
            "field", "year", low=rnb.min("cites"), high=rnb.max("cites"), mean=rnb.avg("cites")
        )
    )

    assert rows[-2:] == [
        {"field": "db", "year": 2025, "low": 0.5, "high": 5, "mean": 2.75},
        {"field": "food", "year": 2025, "low": 9, "high": 9, "mean": 9.0},
    ]


def test_groups_within_a_range_and_against_the_order(db: Engine, papers: list[str]) -> None:
    def read(ctx: QueryContext) -> list[dict[str, Any]]:
        later = ctx.db.query("papers").with_index("by_field", lambda q: q.eq("field", "db").gte("year", 2024))
        return later.order("desc").group_by("year", n=rnb.count())

    assert db.read(read) == [{"year": 2025, "n": 2}, {"year": 2024, "n": 1}]


def test_groups_of_filtered_documents(db: Engine, papers: list[str]) -> None:
    rows = db.read(lambda ctx: by_field(ctx).filter(col("cites") >= 5).group_by("field", n=rnb.count()))

    assert rows == [{"field": "db", "n": 2}, {"field": "food", "n": 1}]


def test_a_document_counts_under_each_of_its_elements(db: Engine) -> None:
    db.define(t=rnb.table().index("by_tag", "tags", "n", multi=True))
    insert(db, "t", {"tags": ["a", "b", "a"], "n": 1}, {"tags": ["b", 1.0], "n": 2}, {"tags": [], "n": 4}, {"n": 8})

    def read(ctx: QueryContext, **equal: Any) -> TableQuery:
        return ctx.db.query("t").with_index("by_tag", **equal)

    tags = [{"tags": 1.0, "n": 1, "s": 2}, {"tags": "a", "n": 1, "s": 1}, {"tags": "b", "n": 2, "s": 3}]
    assert db.read(lambda ctx: read(ctx).group_by("tags", n=rnb.count(), s=rnb.sum("n"))) == tags
    assert db.read(lambda ctx: read(ctx).filter(True).group_by("tags", n=rnb.count(), s=rnb.sum("n"))) == tags
    assert db.read(lambda ctx: read(ctx, tags="b").group_by("n", k=rnb.count())) == [{"n": 1, "k": 1}, {"n": 2, "k": 1}]
    assert db.read(lambda ctx: read(ctx).distinct("tags")) == [1.0, "a", "b"]
    assert db.read(lambda ctx: read(ctx, tags="b").distinct("n")) == [1, 2]


def test_equal_numbers_are_one_group_with_the_value_of_its_first_document(db: Engine) -> None:
    db.define(t=rnb.table().index("by_n", "n"))
    first, _, _ = insert(db, "t", {"n": 1.0}, {"n": 1}, {"n": 2})

    def read() -> list[Any]:
        return db.read(lambda ctx: ctx.db.query("t").with_index("by_n").distinct("n"))

    assert list(map(repr, read())) == ["1.0", "2"]
    db.write(lambda ctx: ctx.db.delete(first))
    assert list(map(repr, read())) == ["1", "2"]


def test_a_group_may_be_of_any_value(db: Engine) -> None:
    db.define(t=rnb.table().index("by_v", "v"))
    vector = np.array([1, 2], dtype=np.float32)
    insert(db, "t", {"v": vector}, {"v": {"x": 1}}, {}, {"v": [1]})

    rows = db.read(lambda ctx: ctx.db.query("t").with_index("by_v").group_by("v", n=rnb.count()))

    assert encode(rows) == encode([{"n": 1}, {"v": [1], "n": 1}, {"v": vector, "n": 1}, {"v": {"x": 1}, "n": 1}])


def test_rows_are_the_callers(db: Engine) -> None:
    db.define(t=rnb.table().index("by_v", "v"))
    insert(db, "t", {"v": [1]})

    def read() -> list[dict[str, Any]]:
        return db.read(lambda ctx: ctx.db.query("t").with_index("by_v").group_by("v", top=rnb.max("v")))

    read()[0]["v"].append(2)
    read()[0]["top"].append(2)

    assert read() == [{"v": [1], "top": [1]}]


def test_groups_by_the_indexes_that_every_table_has(db: Engine) -> None:
    ids = insert(db, "t", {}, {})

    assert sorted(db.read(lambda ctx: ctx.db.query("t").with_index("by_id").distinct("_id"))) == sorted(ids)
    assert len(db.read(lambda ctx: ctx.db.query("t").group_by("_creationTime", n=rnb.count()))) == 2


def test_groups_of_nothing(db: Engine, papers: list[str]) -> None:
    assert db.read(lambda ctx: by_field(ctx, field="none").group_by("year", n=rnb.count())) == []
    assert db.read(lambda ctx: ctx.db.query("nope").group_by("_creationTime", n=rnb.count())) == []
    assert db.read(lambda ctx: ctx.db.query("nope").distinct("_creationTime")) == []


def test_groups_see_the_writes_of_their_mutation(db: Engine, papers: list[str]) -> None:
    @db.mutation
    def work(ctx: Any) -> list[Any]:
        ctx.db.insert("papers", {"field": "food", "year": 2030})
        ctx.db.delete(papers[0])
        return by_field(ctx).order("desc").group_by("field", n=rnb.count(), last=rnb.max("year"))

    assert work() == [{"field": "food", "n": 2, "last": 2030}, {"field": "db", "n": 4, "last": 2025}]


def test_a_live_result_of_groups_stays_true(db: Engine, papers: list[str]) -> None:
    @db.query
    def by_year(ctx: QueryContext, field: str) -> list[dict[str, Any]]:
        return by_field(ctx, field=field).group_by("year", n=rnb.count(), best=rnb.max("cites"))

    live = by_year.live(field="food")
    runs = live.runs
    insert(db, "papers", {"field": "db", "year": 2025, "cites": 100})
    db.settle()
    assert live.runs == runs, "another field"

    insert(db, "papers", {"field": "food", "year": 2025, "cites": 10})
    db.settle()

    assert live.value == [{"year": 2025, "n": 2, "best": 10}]


# ------------------------------------------------------------------ positions


SCORES = [{"points": points} for points in (50, 20, 80, 50, 10)]


@pytest.fixture
def scores(db: Engine) -> list[str]:
    db.define(scores=rnb.table().index("by_points", "points"))
    return insert(db, "scores", *SCORES)


def ranked(ctx: QueryContext, order: str = "asc", **equal: Any) -> TableQuery:
    return ctx.db.query("scores").with_index("by_points", **equal).order(order)  # type: ignore[arg-type]


def test_the_document_at_a_position(db: Engine, scores: list[str]) -> None:
    def points(order: str, position: int) -> Any:
        found = db.read(lambda ctx: ranked(ctx, order).at(position))
        return found and found["points"]

    assert [points("asc", position) for position in (0, 1, 4, 5, -1, -5, -6)] == [10, 20, 80, None, 80, 10, None]
    assert [points("desc", position) for position in (0, 1, 4, 5, -1, -5, -6)] == [80, 50, 10, None, 10, 80, None]
    assert db.read(lambda ctx: ctx.db.query("nope").at(0)) is None


def test_the_rank_of_a_document_and_of_values(db: Engine, scores: list[str]) -> None:
    def rank(order: str, *document: Any, **values: Any) -> Any:
        return db.read(lambda ctx: ranked(ctx, order).rank(*document, **values))

    assert [rank("asc", id) for id in scores] == [2, 1, 4, 3, 0]
    assert [rank("desc", id) for id in scores] == [2, 3, 0, 1, 4]
    assert [rank("asc", points=points) for points in (5, 10, 50, 60, 100)] == [0, 0, 2, 4, 5]
    assert [rank("desc", points=points) for points in (5, 10, 50, 60, 100)] == [5, 4, 1, 1, 0]
    assert rank("asc", points=UNSET) == 0


def test_a_rank_is_within_the_range(db: Engine, papers: list[str]) -> None:
    def rank(id: str, **equal: Any) -> Any:
        return db.read(lambda ctx: by_field(ctx, **equal).rank(id))

    assert rank(papers[2]) == 5
    assert rank(papers[2], field="food") == 0
    assert rank(papers[2], field="db") is None
    assert db.read(lambda ctx: by_field(ctx, field="db").rank(year=2025)) == 3
    later = lambda q: q.eq("field", "db").gt("year", 2024)  # noqa: E731
    assert db.read(lambda ctx: ctx.db.query("papers").with_index("by_field", later).rank(year=2020)) == 0
    assert db.read(lambda ctx: ctx.db.query("papers").with_index("by_field", later).rank(year=2030)) == 2


def test_a_document_is_ranked_as_it_is_now(db: Engine, scores: list[str]) -> None:
    before = db.read(lambda ctx: ctx.db.get(scores[4]))
    db.write(lambda ctx: ctx.db.patch(scores[4], {"points": 60}))

    assert db.read(lambda ctx: ranked(ctx).rank(before)) == 3
    db.write(lambda ctx: ctx.db.delete(scores[4]))
    assert db.read(lambda ctx: ranked(ctx).rank(before)) is None


def test_positions_among_filtered_documents(db: Engine, scores: list[str]) -> None:
    def read(ctx: QueryContext) -> list[Any]:
        query = ranked(ctx).filter(col("points") != 20)
        found = [query.at(1), query.at(-1), query.at(4), query.at(-5)]
        ranks = [query.rank(id) for id in scores]
        return [*(document and document["points"] for document in found), ranks, query.rank(points=60)]

    assert db.read(read) == [50, 80, None, None, [1, None, 3, 2, 0], 3]


def test_positions_through_a_multi_index_count_each_document_once(db: Engine) -> None:
    db.define(t=rnb.table().index("by_tag", "tags", multi=True))
    ids = insert(db, "t", {"tags": ["a", "d"]}, {"tags": ["b"]}, {"tags": ["c", "a"]})

    def read(ctx: QueryContext, **equal: Any) -> list[Any]:
        query = ctx.db.query("t").with_index("by_tag", **equal)
        in_order = [query.at(position) for position in range(-4, 4)]
        return [[found and ids.index(found["_id"]) for found in in_order], *(query.rank(id) for id in ids)]

    assert db.read(read) == [[None, 0, 2, 1, 0, 2, 1, None], 0, 2, 1]
    assert db.read(lambda ctx: read(ctx, tags="a")) == [[None, None, 0, 2, 0, 2, None, None], 0, None, 1]


# ------------------------------------------------------------------ what is recorded as read


def key(points: int, id: str, db: Engine) -> bytes:
    document = db.read(lambda ctx: ctx.db.get(id))
    assert document is not None
    return encode_key([points, document["_creationTime"]]) + id.encode()


@dataclass(frozen=True, slots=True)
class Looked:
    name: str
    body: Callable[[QueryContext], Any]
    expected: Callable[[bytes], Interval]
    """From the key of the document with 20 points, which is second."""
    point: bool = False


LOOKED = [
    Looked("groups: the range", lambda ctx: ranked(ctx).group_by("points", n=rnb.count()), lambda _: ALL),
    Looked("groups: a filtered range", lambda ctx: ranked(ctx).filter(True).group_by("points"), lambda _: ALL),
    Looked(
        "groups: one value",
        lambda ctx: ranked(ctx, points=20).group_by("_creationTime"),
        lambda _: Interval(encode_value(20), encode_value(20) + b"\xff"),
    ),
    Looked("distinct: the range", lambda ctx: ranked(ctx).distinct("points"), lambda _: ALL),
    Looked("at: up to the document", lambda ctx: ranked(ctx).at(1), lambda key: Interval(b"", key + b"\0")),
    Looked("at, from the end: down to it", lambda ctx: ranked(ctx).at(-4), lambda key: Interval(key, b"\xff")),
    Looked("at, desc: down to it", lambda ctx: ranked(ctx, "desc").at(3), lambda key: Interval(key, b"\xff")),
    Looked(
        "at, desc, from the end: up to it",
        lambda ctx: ranked(ctx, "desc").at(-2),
        lambda key: Interval(b"", key + b"\0"),
    ),
    Looked(
        "at of filtered: up to it",
        lambda ctx: ranked(ctx).filter(col("points") > 10).at(0),
        lambda key: Interval(b"", key + b"\0"),
    ),
    Looked(
        "at of filtered, from the end: down to it",
        lambda ctx: ranked(ctx).filter(col("points") < 50).at(-1),
        lambda key: Interval(key, b"\xff"),
    ),
    Looked("at of too many: the range", lambda ctx: ranked(ctx).at(5), lambda _: ALL),
    Looked(
        "rank: up to the document and itself",
        lambda ctx: ranked(ctx).rank(second(ctx)),
        lambda key: Interval(b"", key + b"\0"),
        point=True,
    ),
    Looked(
        "rank, desc: down to the document and itself",
        lambda ctx: ranked(ctx, "desc").rank(second(ctx)),
        lambda key: Interval(key, b"\xff"),
        point=True,
    ),
    Looked(
        "rank of a value: what is below",
        lambda ctx: ranked(ctx).rank(points=20),
        lambda _: Interval(b"", encode_value(20)),
    ),
    Looked(
        "rank of a value, desc: what is above",
        lambda ctx: ranked(ctx, "desc").rank(points=20),
        lambda _: Interval(encode_value(20) + b"\xff", b"\xff"),
    ),
]


def second(ctx: QueryContext) -> str:
    """Return the id of the document with 20 points, without a look."""
    state = ctx.transaction.snapshot.tables["scores"]
    entry = state.map("by_points").nth(1)
    assert entry is not None
    return entry[0][len(encode_key([20, 0.0])) :].decode()


@pytest.mark.parametrize("case", LOOKED, ids=lambda case: case.name)
def test_no_more_is_recorded_than_the_answer_depends_on(case: Looked, db: Engine, scores: list[str]) -> None:
    looked = looked_at(db, case.body)

    assert looked.pop(("scores", "by_points")) == [case.expected(key(20, scores[1], db))]
    assert list(looked) == ([("scores", "by_id")] if case.point else [])


def test_a_rank_of_a_document_outside_of_the_range_looks_at_the_document_only(db: Engine, scores: list[str]) -> None:
    looked = looked_at(db, lambda ctx: ranked(ctx, points=20).rank(scores[0]))

    assert [*looked] == [("scores", "by_id")]


# ------------------------------------------------------------------ what is refused


@dataclass(frozen=True, slots=True)
class Refused:
    name: str
    use: Callable[[QueryContext], Any]
    error: type[ReactiveError]
    says: str


REFUSED = [
    Refused(
        "a field that is not next",
        lambda ctx: by_field(ctx).group_by("year", n=rnb.count()),
        QueryUsageError,
        "Cannot group papers: the fields are ['year']. Expected the next of the index by_field, in its order: "
        "['field', 'year', '_creationTime']. Declare an index with these fields after those bound by eq, and name it "
        "in with_index.",
    ),
    Refused(
        "a field that is bound",
        lambda ctx: by_field(ctx, field="db").group_by("field", "year"),
        QueryUsageError,
        "the fields are ['field', 'year']. Expected the next of the index by_field, in its order: ['year', '_crea",
    ),
    Refused("no field", lambda ctx: by_field(ctx).group_by(n=rnb.count()), QueryUsageError, "there are no fields to"),
    Refused(
        "without an index", lambda ctx: ctx.db.query("papers").group_by("year"), QueryUsageError, "by_creation_time"
    ),
    Refused(
        "a function as aggregate",
        lambda ctx: by_field(ctx).group_by("field", n=len),  # type: ignore[arg-type]
        QueryUsageError,
        "Expected rnb.count(), rnb.sum(field), rnb.avg(field), rnb.min(field) or rnb.max(field). Write n=rnb.count().",
    ),
    Refused(
        "an aggregate that was not called",
        lambda ctx: by_field(ctx).group_by("field", n=rnb.count),  # type: ignore[arg-type]
        QueryUsageError,
        "Cannot group papers: n is <function count at",
    ),
    Refused(
        "one name twice",
        lambda ctx: by_field(ctx).group_by("field", field=rnb.count()),
        QueryUsageError,
        "Cannot group papers: 'field' is both a field and an aggregate. Expected a name of its own for each. "
        "Write field_=count().",
    ),
    Refused(
        "distinct of another field",
        lambda ctx: by_field(ctx).distinct("cites"),
        QueryUsageError,
        "Cannot return the distinct values of papers: the fields are ['cites'].",
    ),
    Refused(
        "at a fraction",
        lambda ctx: by_field(ctx).at(1.5),  # type: ignore[arg-type]
        QueryUsageError,
        "Cannot return a document of papers: its position is 1.5 (float). Expected a whole number: 0 is the first "
        "document, -1 the last one. Write at(0).",
    ),
    Refused("at True", lambda ctx: by_field(ctx).at(True), QueryUsageError, "its position is True (bool)"),
    Refused(
        "a rank of nothing",
        lambda ctx: by_field(ctx).rank(),
        QueryUsageError,
        "Cannot return a rank in papers: the document is None. Expected a document with its _id, an id, or "
        "values of the next fields of the index. Write rank(document) or rank(likes=3).",
    ),
    Refused("a rank of a number", lambda ctx: by_field(ctx).rank(3), QueryUsageError, "the document is 3 (int)"),  # type: ignore[arg-type]
    Refused(
        "a rank of a dict without id", lambda ctx: by_field(ctx).rank({"a": 1}), QueryUsageError, "the document is {"
    ),
    Refused(
        "a rank of both", lambda ctx: by_field(ctx).rank("x", field="db"), QueryUsageError, "both a document and values"
    ),
    Refused("a rank of no id", lambda ctx: by_field(ctx).rank("x"), InvalidId, "'x'"),
    Refused(
        "a rank of a document of another table",
        lambda ctx: by_field(ctx).rank(ctx.db.query("others").first()),
        InvalidId,
        "it belongs to the table others. Expected an id of the table papers. Pass a document of that table.",
    ),
    Refused(
        "a rank of a value of another field",
        lambda ctx: by_field(ctx).rank(year=3),
        IndexRangeError,
        "Cannot read a range of the index papers.by_field: values are given for ['year']. Expected the next fields in "
        "index order: ['field', 'year', '_creationTime'].",
    ),
    Refused(
        "a rank of a value of no field",
        lambda ctx: by_field(ctx).rank(x=3),
        IndexRangeError,
        "does not index the field 'x'",
    ),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refused(case: Refused, db: Engine, papers: list[str]) -> None:
    insert(db, "others", {})

    with pytest.raises(case.error) as caught:
        db.read(case.use)

    assert case.says in str(caught.value)


# ------------------------------------------------------------------ against a loop


pool = st.sampled_from([UNSET, None, 0, 1, 1.0, 2.5, "", "a", "a\0", True, [], ["a"], {"x": 1}])
amounts = st.sampled_from([UNSET, None, 0, 1, 2.5, -3, "x", 2**60])
made = st.fixed_dictionaries(
    {"a": pool, "m": pool, "n": amounts, "tags": st.lists(pool.filter(lambda v: v is not UNSET))}
)
bounds = st.tuples(st.sampled_from(["gt", "gte", "lt", "lte"]), pool)


def documents_of(values: dict[str, Any]) -> dict[str, Any]:
    own = {"a": values["a"], "n": values["n"], "tags": values["tags"], "m": {"x": values["m"]}}
    if values["m"] is UNSET:
        own["m"] = {}
    return {name: value for name, value in own.items() if value is not UNSET}


def at_path(document: Document, path: str) -> Any:
    value: Any = document
    for name in path.split("."):
        value = value.get(name, UNSET) if isinstance(value, dict) else UNSET
    return value


def a_loop(rows: list[tuple[list[Any], Document]], names: list[str]) -> list[dict[str, Any]]:
    """Return what a loop makes of values and documents in order."""
    groups: dict[bytes, list[tuple[list[Any], Document]]] = {}
    for values, document in rows:
        groups.setdefault(encode_key(values), []).append((values, document))
    result = []
    for own in groups.values():
        row = {name: value for name, value in zip(names, own[0][0], strict=True) if value is not UNSET}
        present = [document["n"] for _, document in own if document.get("n") is not None]
        numbers = [value for value in present if type(value) in (int, float)]
        exact = sum(map(Fraction, numbers), Fraction(0))
        row["count"] = len(own)
        row["sum"] = float(exact) if float in map(type, numbers) else int(exact)
        row["avg"] = float(exact / len(numbers)) if numbers else None
        row["low"] = min(present, key=encode_value, default=None)
        row["high"] = max(present, key=encode_value, default=None)
        result.append(row)
    return result


@pytest.mark.slow
@settings(deadline=None, max_examples=120)
@given(st.data())
def test_groups_distinct_values_and_positions_are_those_of_a_loop(data: st.DataObject) -> None:
    core = Core()
    paths = data.draw(st.sampled_from([["a"], ["m.x"], ["a", "m.x"], ["m.x", "a"], ["tags"], ["tags", "a"]]))
    multi = paths[0] == "tags"
    core.define(t=rnb.table().index("by", *paths, multi=multi))
    ids: list[str] = []
    seen: list[tuple[Snapshot, Any]] = []
    bound = data.draw(st.integers(0, len(paths)))
    equal = {path: data.draw(pool) for path in paths[:bound]}
    limits = data.draw(st.lists(bounds, max_size=1)) if bound < len(paths) else []
    order = data.draw(st.sampled_from(["asc", "desc"]))
    filtered = data.draw(st.booleans())
    position = data.draw(st.integers(-5, 5))
    following = [*paths, "_creationTime"][bound:]
    names = following[: data.draw(st.integers(1, len(following)))]
    wanted = data.draw(pool)

    def query(ctx: QueryContext) -> TableQuery:
        def range(q: Any) -> Any:
            for path, value in equal.items():
                q.eq(path, value)
            for verb, value in limits:
                getattr(q, verb)(paths[bound], value)
            return q

        shaped = ctx.db.query("t").with_index("by", range).order(order)
        return shaped.filter(lambda document: "n" in document) if filtered else shaped

    def answers(ctx: QueryContext) -> list[Any]:
        aggregates = {"sum": rnb.sum("n"), "avg": rnb.avg("n"), "low": rnb.min("n"), "high": rnb.max("n")}
        return [
            query(ctx).group_by(*names, count=rnb.count(), **aggregates),
            query(ctx).distinct(following[0]),
            query(ctx).at(position),
            [query(ctx).rank(id) for id in ids],
            query(ctx).rank(**{following[0]: wanted}) if following[0] != "_creationTime" else None,
        ]

    def by_loops(ctx: QueryContext) -> list[Any]:
        entries = []
        for document in ctx.db.query("t").collect():
            if filtered and "n" not in document:
                continue
            firsts = [at_path(document, paths[0])]
            if multi:
                firsts = list({encode_value(each): each for each in reversed(document["tags"])}.values())[::-1]
            for first in firsts:
                values = [first, *(at_path(document, path) for path in paths[1:]), document["_creationTime"]]
                meets = all(encode_value(values[paths.index(path)]) == encode_value(equal[path]) for path in equal)
                for verb, value in limits:
                    here, limit = encode_value(values[bound]), encode_value(value)
                    meets &= {"gt": here > limit, "gte": here >= limit, "lt": here < limit, "lte": here <= limit}[verb]
                if meets:
                    entries.append((encode_key(values), values[bound:], document))
        entries.sort(key=lambda entry: entry[0])
        rows = a_loop([(values[: len(names)], document) for _, values, document in entries], names)
        heads = {encode_value(values[0]): values[0] for _, values, _ in reversed(entries)}
        distinct = [heads[each] for each in sorted(heads) if heads[each] is not UNSET]
        if order == "desc":
            rows.reverse()
            distinct.reverse()
            entries.reverse()
        in_order = list({document["_id"]: document for _, _, document in entries}.values())
        limit = encode_value(wanted)
        before = {
            document["_id"]
            for _, values, document in entries
            if (encode_value(values[0]) > limit if order == "desc" else encode_value(values[0]) < limit)
        }
        return [
            rows,
            distinct,
            in_order[position] if -len(in_order) <= position < len(in_order) else None,
            [next((place for place, each in enumerate(in_order) if each["_id"] == id), None) for id in ids],
            len(before) if following[0] != "_creationTime" else None,
        ]

    for _ in range(data.draw(st.integers(1, 4))):
        tx, ctx = core.begin()
        for values in data.draw(st.lists(made, max_size=6)):
            ids.append(ctx.db.insert("t", documents_of(values)))
        for _ in range(data.draw(st.integers(0, 3))):
            known = [id for id in ids if ctx.db.get(id) is not None]
            if known:
                id = data.draw(st.sampled_from(known))
                if data.draw(st.booleans()):
                    ctx.db.delete(id)
                else:
                    ctx.db.replace(id, documents_of(data.draw(made)))
        assert encode(answers(ctx)) == encode(by_loops(ctx)), "before the commit"
        core.commit(tx)
        _, reader = core.begin()
        expected = by_loops(reader)
        assert encode(answers(reader)) == encode(expected)
        seen.append((reader, list(ids), expected))

    for reader, known, expected in seen:
        ids = known
        assert encode(answers(reader)) == encode(expected), "an earlier snapshot"


def test_documents_come_whole(db: Engine, scores: list[str]) -> None:
    found = db.read(lambda ctx: ranked(ctx).at(0))

    assert found is not None
    assert fields(found) == {"points": 10}
