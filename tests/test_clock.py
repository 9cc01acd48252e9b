"""The clock and the source of ids."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from reactive_nb.clock import Clock, IdSource
from reactive_nb.testing import FakeClock


def test_the_clock_tells_milliseconds_since_1970() -> None:
    before = time.time_ns() / 1e6

    now = Clock().now_ms()

    assert before <= now <= time.time_ns() / 1e6


def test_an_id_is_six_bytes_of_time_and_ten_of_noise() -> None:
    clock = FakeClock(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))

    entropy = IdSource(clock).next()

    assert len(entropy) == 16
    assert entropy[:6] == (1000).to_bytes(6, "big")


def test_ids_made_later_sort_later() -> None:
    clock = FakeClock()
    ids = IdSource(clock)
    made = []

    for _ in range(20):
        made.append(ids.next())
        clock.advance(timedelta(milliseconds=1))

    assert made == sorted(made)


def test_ids_of_one_millisecond_are_all_different() -> None:
    ids = IdSource(FakeClock())

    assert len({ids.next() for _ in range(1000)}) == 1000


def test_a_seed_repeats_ids_and_seeds() -> None:
    first, second = (IdSource(FakeClock(), seed=7) for _ in range(2))

    assert [first.next(), first.next(), first.seed()] == [second.next(), second.next(), second.seed()]


def test_without_a_seed_nothing_repeats() -> None:
    first, second = (IdSource(FakeClock()) for _ in range(2))

    assert first.next() != second.next()
    assert first.seed() != second.seed()


def test_a_seed_for_random_numbers_has_64_bits() -> None:
    seeds = [IdSource(FakeClock(), seed=each).seed() for each in range(50)]

    assert all(0 <= seed < 2**64 for seed in seeds)
    assert max(seeds) >= 2**60
