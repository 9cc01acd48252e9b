"""The axis of a timeline: proportional where something happened, short where nothing did."""

from __future__ import annotations

import itertools

import pytest

from reactive_nb.notebook.teach.axis import BREAK, MIN_STRETCH, TICK_ROOM, axis_of


def test_time_is_proportional_inside_a_stretch() -> None:
    axis = axis_of([(10.0, 11.0), (11.0, 14.0)], 100, 400)

    assert [axis.place(moment) for moment in (10.0, 11.0, 12.0, 14.0)] == [100, 200, 300, 500]
    assert axis.end == 500


@pytest.mark.parametrize(
    ("spans", "stretches"),
    [
        ([(0.0, 1.0)], 1),
        ([(0.0, 1.0), (1.1, 2.0)], 1),
        ([(0.0, 1.0), (50.0, 51.0)], 2),
        ([(50.0, 51.0), (0.0, 1.0)], 2),
        ([(0.0, 60.0), (50.0, 51.0), (59.0, 61.0)], 1),
        ([(0.0, 0.0)], 1),
        ([(0.0, 0.0), (9.0, 9.0)], 2),
        ([(float(n), n + 0.001) for n in range(50)], 50),
    ],
)
def test_long_idle_times_are_broken_out(spans: list[tuple[float, float]], stretches: int) -> None:
    axis = axis_of(spans, 0, 500)

    assert len(axis.stretches) == stretches
    assert axis.end >= 500 - 1e-6
    assert all(each.width >= MIN_STRETCH - 1e-6 for each in axis.stretches)
    for before, after in zip(axis.stretches, axis.stretches[1:], strict=False):
        assert after.x - before.end == pytest.approx(BREAK)
    places = [axis.place(moment) for moment in sorted(moment for span in spans for moment in span)]
    assert places == sorted(places)


def test_a_moment_in_a_break_is_at_the_end_of_what_was_before() -> None:
    axis = axis_of([(0.0, 1.0), (50.0, 51.0)], 0, 500)

    assert axis.place(25.0) == axis.place(1.0) < axis.place(50.0)
    assert axis.place(-1.0) == 0


def test_ticks_count_from_the_first_moment_and_in_round_steps() -> None:
    axis = axis_of([(7.0, 7.01)], 0, 500)

    assert [text for _, text in axis.ticks()] == ["0", "2 ms", "4 ms", "6 ms", "8 ms"]


def test_steps_after_a_break_count_from_its_end() -> None:
    axis = axis_of([(0.0, 0.01), (3.0, 3.01)], 0, 830)

    assert [text for _, text in axis.ticks()] == [
        "0",
        *(f"{n} ms" for n in (2, 4, 6, 8)),
        "3 s",
        *(f"+{n} ms" for n in (2, 4, 6, 8)),
    ]


def test_labels_of_ticks_never_meet() -> None:
    axis = axis_of([(n**3 / 10, n**3 / 10 + 0.01) for n in range(40)], 0, 900)

    places = [place for place, _ in axis.ticks()]
    assert all(after - before >= TICK_ROOM - 1e-6 for before, after in itertools.pairwise(places))
