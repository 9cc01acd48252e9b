"""Blocks: each number has its vector in every version, and few blocks change with a commit."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.search.blocks import Blocks
from reactive_nb.search.metric import Vector


def vector(number: int) -> Vector:
    return np.array([number, 1], np.float32)


def plain(blocks: Blocks) -> dict[int, float]:
    """Return the first component of each vector, read through a scan."""
    scan = blocks.scan()
    assert len(scan.norms) == sum(len(block.matrix) for block in scan.blocks)
    rows = [
        (number, row[0])
        for block in scan.blocks
        for number, row in zip(block.numbers.tolist(), block.matrix.tolist(), strict=True)
    ]
    absent = set(scan.absent.tolist())
    return dict(row for position, row in enumerate(rows) if position not in absent)


def small(most_rows: int) -> Blocks:
    """Blocks of few rows, so that few vectors make many."""
    blocks = Blocks(2)
    blocks.most_rows = most_rows
    return blocks


batches = st.dictionaries(st.integers(0, 40), st.none() | st.integers(0, 99), max_size=12)


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(st.sampled_from([1, 2, 4, 8]), st.lists(batches, max_size=12))
def test_every_version_is_a_dict_of_vectors(most_rows: int, written: list[dict[int, int | None]]) -> None:
    version, current = small(most_rows), dict[int, int]()
    versions = [(version, current)]

    for batch in written:
        gone = [number for number in batch if number in current]
        come = [(number, value) for number, value in batch.items() if value is not None]
        version = version.changed(gone, [(number, vector(value)) for number, value in come])
        current = {number: value for number, value in current.items() if number not in gone} | dict(come)
        version.check(current)
        versions.append((version, current))

    for version, current in versions:
        assert plain(version) == current
        if current:
            numbers = sorted(current)
            places = version.places(np.array(numbers), max(numbers) + 1).tolist()
            assert version.numbers(places) == numbers
            assert version.vectors(places)[:, 0].tolist() == [current[number] for number in numbers]


def copied(before: Blocks, after: Blocks) -> int:
    """Return how many rows are in blocks that were made new."""
    known = {id(block.matrix) for block in before.scan().blocks}
    return sum(len(block.matrix) for block in after.scan().blocks if id(block.matrix) not in known)


@pytest.mark.slow
def test_blocks_stay_few_and_full_while_vectors_come_and_go_one_by_one() -> None:
    dice = random.Random(1)
    blocks = Blocks(2).changed([], [(number, vector(number)) for number in range(3000)])
    rows_copied = 0

    for step in range(1500):
        number = dice.randrange(3000)
        after = blocks.changed([number], [(number, vector(step))])
        rows_copied += copied(blocks, after)
        blocks = after

    blocks.check(range(3000))
    scan = blocks.scan()
    assert len(scan.norms) < 2 * 3000
    assert len(scan.blocks) < 2 * 3000 / blocks.most_rows + 12
    assert len(blocks._blocks) < len(scan.blocks) + 12, "slots are used again"
    assert rows_copied < 12 * 1500


def test_one_more_vector_leaves_nearly_all_blocks_as_they_are() -> None:
    before = Blocks(2).changed([], [(number, vector(number)) for number in range(5000)])

    after = before.changed([17], [(17, vector(1)), (5000, vector(2))])

    assert copied(before, after) == 2
    assert before._places.shared_pages(after._places) == len(before._places._pages) - 2


def test_rows_of_blocks_follow_from_the_dimensions() -> None:
    assert [Blocks(d).most_rows for d in (1, 384, 768, 1536, 100_000)] == [1024, 1024, 512, 256, 32]
