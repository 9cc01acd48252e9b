"""`ctx.vector_search`: where it may be called, what it sees, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.errors import QueryUsageError, UnknownIndex
from reactive_nb.search import vector as vector_module


@pytest.fixture(autouse=True)
def points(db: Engine) -> None:
    db.define(
        points=rnb.table(name=v.string(), kind=v.string(), size=v.int64(), place=v.vector(2))
        .index("by_name", "name")
        .search_index("search_name", "name")
        .vector_index("by_angle", "place", dimensions=2, filter_fields=["kind", "size"])
        .vector_index("by_product", "place", dimensions=2, metric="dot")
        .vector_index("by_distance", "place", dimensions=2, metric="l2")
    )
    with db.transaction() as tx:
        for name, kind, size, place in [
            ("east", "x", 1, [1, 0]),
            ("far east", "x", 2, [5, 0.5]),
            ("north", "y", 3, [0, 1]),
            ("west", "y", 4, [-1, 0]),
        ]:
            tx.db.insert("points", {"name": name, "kind": kind, "size": size, "place": place})


def near(ctx: Any, vector: Any, index: str = "by_angle", **more: Any) -> list[tuple[str, float]]:
    db = ctx.db
    return [
        (db.get(hit["_id"])["name"], round(hit["_score"], 3))
        for hit in ctx.vector_search("points", index, vector=vector, **more)
    ]


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        ("by_angle", [("east", 1.0), ("far east", 0.995), ("north", 0.0), ("west", -1.0)]),
        ("by_product", [("far east", 10.0), ("east", 2.0), ("north", 0.0), ("west", -2.0)]),
        ("by_distance", [("east", -1.0), ("north", -2.236), ("west", -3.0), ("far east", -3.041)]),
    ],
)
def test_each_metric_has_its_order(db: Engine, index: str, expected: list[tuple[str, float]]) -> None:
    assert db.read(lambda ctx: near(ctx, [2, 0], index)) == expected


FILTERS: list[tuple[Any, list[str]]] = [
    (lambda q: q.eq("kind", "y"), ["north", "west"]),
    (lambda q: q.is_in("kind", ["y", "z"]), ["north", "west"]),
    (lambda q: q.gt("size", 1) & q.lt("size", 4), ["far east", "north"]),
    (lambda q: q.and_(q.gte("size", 2), q.lte("size", 3.0)), ["far east", "north"]),
    (
        lambda q: q.gte("size", 2).lte("size", 3).is_in("kind", ["x"]).eq("kind", "x").gt("size", 1).lt("size", 9),
        ["far east"],
    ),
    (lambda q: q.eq("size", 1) | q.or_(q.eq("size", 4), q.eq("size", 9)), ["east", "west"]),
    (lambda q: q.eq("kind", None), []),
]


@pytest.mark.parametrize(("filter", "expected"), FILTERS)
def test_a_filter_comes_before_the_limit(db: Engine, filter: Any, expected: list[str]) -> None:
    found = db.read(lambda ctx: near(ctx, [1, 0], filter=filter, limit=2))

    assert [name for name, _ in found] == expected


@pytest.mark.parametrize("vector", [[1, 0], (1, 0), np.array([1.0, 0.0]), np.float32([1, 0])])
def test_a_vector_may_be_a_list_a_tuple_or_an_array(db: Engine, vector: Any) -> None:
    assert db.read(lambda ctx: near(ctx, vector, limit=1)) == [("east", 1.0)]


def test_a_mutation_sees_what_it_wrote_and_an_action_what_is_committed(db: Engine) -> None:
    @db.mutation
    def move(ctx: Any) -> Any:
        (hit,) = ctx.vector_search("points", "by_angle", vector=[-1, 0], limit=1)
        ctx.db.patch(hit["_id"], {"place": [0, -1]})
        ctx.db.insert("points", {"name": "new", "kind": "x", "size": 9, "place": [-1, 0.1]})
        return [name for name, _ in near(ctx, [-1, 0], limit=1)]

    @db.action
    def look(ctx: Any) -> Any:
        return ctx.vector_search("points", "by_angle", vector=[0, -1], limit=1)

    @db.action
    async def look_later(ctx: Any) -> Any:
        return ctx.vector_search("points", "by_angle", vector=[0, -1], limit=1)

    assert move() == ["new"]
    for action in (look, look_later):
        (hit,) = action()
        assert db.read(lambda ctx, id=hit["_id"]: ctx.db.get(id)["name"]) == "west"


def test_an_earlier_moment_is_searched_as_it_was(db: Engine) -> None:
    before = db.ts
    with db.transaction() as tx:
        tx.db.insert("points", {"name": "new", "kind": "x", "size": 9, "place": [1, 0.001]})

    assert [name for name, _ in db.read(lambda ctx: near(ctx, [1, 0.001], limit=2))] == ["new", "east"]
    assert [name for name, _ in db.at(before).read(lambda ctx: near(ctx, [1, 0.001], limit=2))] == ["east", "far east"]


REFUSALS: list[tuple[dict[str, Any], type[Exception], str]] = [
    (
        {"vector": [1, 0, 0]},
        QueryUsageError,
        (
            "Cannot search points by by_angle: the vector has 3 numbers. Expected a vector of 2 numbers. "
            "Pass a list or a float array of 2 numbers."
        ),
    ),
    (
        {"vector": [1, float("nan")]},
        QueryUsageError,
        "Cannot search points by by_angle: ",
    ),
    ({"vector": "abc"}, QueryUsageError, "Cannot search points by by_angle: the vector is 'abc' (str)."),
    (
        {"vector": [1, 0], "limit": 0},
        QueryUsageError,
        "Cannot search points by by_angle: the limit is 0 (int). Expected a whole number, 1 or more. Write limit=10.",
    ),
    (
        {"vector": [1, 0], "limit": 300},
        QueryUsageError,
        (
            "Cannot search points by by_angle: Vector queries can fetch at most 256 results, requested 300. Expected a "
            "limit of 1 to 256. If you mean it, write limit=300, maximum=300."
        ),
    ),
    (
        {"vector": [1, 0], "filter": lambda q: q.eq("name", "x")},
        QueryUsageError,
        (
            "Cannot search points by by_angle: 'name' is not a filter field of the index. Expected one of "
            "['kind', 'size']. Declare the field in filter_fields=[...] of the index."
        ),
    ),
    (
        {"vector": [1, 0], "index": "by_name"},
        UnknownIndex,
        (
            "Cannot search points by 'by_name': 'by_name' is an index for ranges. Expected one of ['by_angle', "
            "'by_product', 'by_distance']. Declare it with db.define(points=rnb.table(...).vector_index('by_name', field, "
            "dimensions=...))."
        ),
    ),
    (
        {"vector": [1, 0], "index": "search_name"},
        UnknownIndex,
        "Cannot search points by 'search_name': 'search_name' is a text index.",
    ),
    (
        {"vector": [1, 0], "table": "lines"},
        UnknownIndex,
        "Cannot search lines by 'by_angle': there is no table lines. Expected a declared vector index.",
    ),
]


@pytest.mark.parametrize(("arguments", "kind", "sentence"), REFUSALS)
def test_it_refuses(db: Engine, arguments: dict[str, Any], kind: type[Exception], sentence: str) -> None:
    given = {"table": "points", "index": "by_angle", **arguments}

    with pytest.raises(kind) as caught:
        db.read(lambda ctx: ctx.vector_search(given.pop("table"), given.pop("index"), **given))

    assert str(caught.value).startswith(sentence)


def test_a_live_search_runs_again_when_its_index_is_declared_otherwise(db: Engine) -> None:
    @db.query
    def nearest(ctx: Any) -> Any:
        return [round(hit["_score"], 3) for hit in ctx.vector_search("points", "by_angle", vector=[2, 0], limit=1)]

    with nearest.live() as live:
        assert live.value == [1.0]
        db.define(
            points=rnb.table(name=v.string(), kind=v.string(), size=v.int64(), place=v.vector(2)).vector_index(
                "by_angle", "place", dimensions=2, metric="dot"
            )
        )
        db.settle()
        assert live.value == [10.0]


@pytest.mark.slow
def test_a_live_search_of_an_approximate_index_is_what_a_fresh_one_finds(
    db: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_module, "LEAST_VECTORS", 600)
    db.define(
        places=rnb.table(kind=v.string(), at=v.vector(4)).vector_index(
            "by_place", "at", dimensions=4, metric="l2", filter_fields=["kind"], approximate=True
        )
    )
    dice = np.random.default_rng(1)
    middles = dice.normal(size=(30, 4)) * 4

    def add(*places: Any, kind: str = "") -> None:
        with db.transaction() as tx:
            for at, each in enumerate(places):
                tx.db.insert("places", {"kind": kind or "abcde"[at % 5], "at": each})

    add(*(middles[at % 30] + dice.normal(size=4) for at in range(600)))

    @db.query
    def near(ctx: Any, vector: list[float], limit: int, kind: str) -> Any:
        filter = None if not kind else lambda q: q.eq("kind", kind)
        return ctx.vector_search("places", "by_place", vector=vector, limit=limit, filter=filter)

    asked = [
        {"vector": (middles[at % 30] + dice.normal(size=4)).tolist(), "limit": limit, "kind": kind}
        for at, (limit, kind) in enumerate([(5, ""), (10, ""), (20, ""), (2, "a"), (3, "a"), (4, "a")] * 4)
    ]
    lives = [near.live(**each) for each in asked]
    assert db.read(lambda ctx: ctx.db.query("places").count()) == 600
    for _ in range(12):  # around what was asked for, and mostly farther away than what was found
        add(*(np.array(each["vector"]) + dice.normal(size=4) * 2 for each in asked), kind="a")
        db.settle()
        for each, live in zip(asked, lives, strict=True):
            assert live.value == db.read(lambda ctx, each=each: near.function(ctx, **each))
