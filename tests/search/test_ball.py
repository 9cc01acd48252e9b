"""Balls: an entry meets one exactly if the search's answer may depend on it, and all of them are asked at once."""

from __future__ import annotations

import random
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.documents.interval import Interval, point_interval
from reactive_nb.search.ball import Ball, Balls
from reactive_nb.search.condition import ALWAYS, AllOf, AnyOf, Condition, Within
from reactive_nb.search.edits import Edit
from reactive_nb.search.metric import Metric, score
from reactive_nb.search.rows import Row
from reactive_nb.search.vector import VectorEntry, Vectors
from reactive_nb.values.order import encode_value

METRICS: tuple[Metric, ...] = get_args(Metric)


def entry(numbers: Any, *filters: Any) -> VectorEntry:
    return VectorEntry(Row(0.0, tuple(map(encode_value, filters))), np.array(numbers, np.float32))


def ball(metric: Metric, numbers: Any, floor: float, condition: Condition = ALWAYS) -> Ball:
    return Ball.around(metric, np.array(numbers, np.float32), floor, condition)


def equals(value: Any, position: int = 0) -> Within:
    return Within(position, point_interval(encode_value(value)))


@pytest.mark.parametrize(
    ("one", "met", "not_met"),
    [
        (ball("l2", [1, 0], -2.0), [1, 2], [1, 2.1]),
        (ball("dot", [1, 0], 2.0), [2, 9], [1.9, 9]),
        (ball("cosine", [1, 0], 0.0), [0, 1], [-0.1, 1]),
        (ball("cosine", [1, 0], 1.0), [3, 0], [3, 0.1]),
    ],
)
def test_a_ball_ends_at_the_score_of_the_last_hit(one: Ball, met: Any, not_met: Any) -> None:
    assert one.meets(entry(met))
    assert not one.meets(entry(not_met))


def test_the_condition_must_be_met_too() -> None:
    one = ball("l2", [1, 0], -2.0, equals("a"))

    assert one.meets(entry([1, 0], "a"))
    assert not one.meets(entry([1, 0], "b"))


def test_a_search_that_could_find_more_has_read_everything_that_meets_its_condition() -> None:
    one = ball("l2", [1, 0], float("-inf"), equals("a"))

    assert one.meets(entry([1e30, 0], "a"))
    assert not one.meets(entry([1e30, 0], "b"))


def test_balls_are_equal_by_content() -> None:
    assert ball("l2", [1, 0], -1.0, equals(1)) == ball("l2", [1, 0], -1.0, equals(1.0))
    assert len({ball("l2", [1, 0], -1.0), ball("l2", [1, 0], -1.0), ball("l2", [1, 1], -1.0)}) == 2
    assert ball("l2", [1, 2, 3], -1.0).dimensions == 3
    assert ball("l2", [1, 2, 3], -1.0).vector.tolist() == [1, 2, 3]


def test_a_pair_is_there_once() -> None:
    balls = Balls[str]()
    one = ball("l2", [1], 0.0)
    balls.add(one, "ann")

    with pytest.raises(ValueError, match="the ball is there with 'ann'"):
        balls.add(one, "ann")
    with pytest.raises(KeyError):
        balls.remove(one, "bob")
    with pytest.raises(KeyError):
        balls.remove(ball("l2", [2], 0.0), "ann")
    balls.check()
    assert len(balls) == 1


CONDITIONS: list[Condition] = [
    ALWAYS,
    equals(0),
    equals(1),
    AllOf((Within(1, Interval(encode_value(1), b"\xff")), equals(2))),
    AnyOf((equals(1), equals(1, position=1))),
]
numbers = st.one_of(st.sampled_from([0.0, 1.0, -1.0, 1 + 2**-23, 1e-45, 1e-20, 1e19, 3e38]), st.floats(-2, 2, width=32))


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[tuple[Ball, int, bool]], list[VectorEntry]]:
    """Draw what is added and removed, and entries, many of which lie exactly on a ball's rim."""
    dimensions = draw(st.integers(1, 5))
    vectors = st.lists(numbers, min_size=dimensions, max_size=dimensions)
    metric = draw(st.sampled_from(METRICS))
    entries = draw(st.lists(st.builds(entry, vectors, st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=9))
    pool = []
    for query, at, condition in draw(
        st.lists(st.tuples(vectors, st.integers(-1, 9), st.sampled_from(CONDITIONS)), min_size=1, max_size=8)
    ):
        rim = entries[at % len(entries)].vector
        floor = float("-inf") if at < 0 else score(metric, np.array(query, np.float32), rim)
        pool.append(ball(metric, query, floor, condition))
    steps = st.tuples(st.sampled_from(pool), st.integers(0, 2), st.booleans())
    return draw(st.lists(steps, max_size=40)), entries


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(stories())
def test_owners_are_those_of_the_balls_met(story: tuple[list[tuple[Ball, int, bool]], list[VectorEntry]]) -> None:
    steps, entries = story
    balls, pairs = Balls[int](), set[tuple[Ball, int]]()

    for one, owner, comes in steps:
        if comes and (one, owner) not in pairs:
            balls.add(one, owner)
            pairs.add((one, owner))
        elif not comes and (one, owner) in pairs:
            balls.remove(one, owner)
            pairs.remove((one, owner))
        balls.check()
    assert len(balls) == len(pairs)

    for some in ([], entries[:1], entries[:2], entries):
        expected = {owner for one, owner in pairs if any(one.meets(each) for each in some)}
        assert balls.meeting(some).keys() == expected


@pytest.mark.slow
def test_room_grows_and_shrinks_with_the_balls() -> None:
    dice = random.Random(1)
    balls = Balls[int]()
    added = [ball("cosine", [dice.random(), dice.random()], 0.9, equals(at % 50)) for at in range(500)]

    for owner, one in enumerate(added):
        balls.add(one, owner)
    balls.check()
    nearby = [entry([dice.random(), dice.random()], kind) for kind in range(50)]
    expected = {owner for owner, one in enumerate(added) if any(one.meets(each) for each in nearby)}
    assert balls.meeting(nearby).keys() == expected
    for owner, one in enumerate(added[:495]):
        balls.remove(one, owner)

    balls.check()
    assert balls.meeting(nearby).keys() == {owner for owner in expected if owner >= 495}
    for owner in range(495, 500):
        balls.remove(added[owner], owner)
    balls.check()
    assert balls.meeting(nearby).keys() == set()


def test_balls_that_demand_another_value_are_left_out() -> None:
    balls = Balls[int]()
    for owner in range(20):
        balls.add(ball("dot", [1, 0], 0.0, AllOf((equals(owner),))), owner)
    balls.add(ball("dot", [1, 0], 0.0), 20)

    assert balls._pinned(entry([1, 1], 3)) == pytest.approx([3, 20])
    assert balls.meeting([entry([1, 1], 3), entry([-1, 1], 4)]).keys() == {3, 20}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(numbers, min_size=2, max_size=2), min_size=1, max_size=8),
    st.lists(numbers, min_size=2, max_size=2),
    st.lists(numbers, min_size=2, max_size=2),
    st.integers(1, 5),
    st.sampled_from(METRICS),
)
def test_what_lies_outside_the_ball_of_a_search_does_not_change_its_hits(
    there: list[Any], query: Any, new: Any, limit: int, metric: Metric
) -> None:
    index = Vectors(2, metric, 0).apply([Edit(f"d{at}", None, entry(each)) for at, each in enumerate(there)])
    vector, come = np.array(query, np.float32), entry(new)
    hits = index.search(vector, limit, ALWAYS)
    read = ball(metric, query, hits[-1].score if len(hits) == limit else float("-inf"))

    after = index.apply([Edit("new", None, come)])

    if not read.meets(come):
        assert after.search(vector, limit, ALWAYS) == hits
    assert all(read.meets(entry(there[int(hit.id[1:])])) for hit in hits)
