"""The documents that a text search found, of which the best are sorted out when they are asked for.

Comes in: the numbers and scores of all documents that match, in any order. Goes out: as many hits as are wanted, the
best score first, the newest of equal ones, then the largest id. The others are counted, not sorted.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from reactive_nb.search.edits import Hit
from reactive_nb.search.rows import Rows

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Ranking:
    """What a text search found; its length is how many documents match.

    Args:
        rows: The documents of the index.
        numbers: Those that match, each once.
        scores: The score of each.
    """

    __slots__ = ("_numbers", "_order", "_rows", "_scores")

    def __init__(self, rows: Rows, numbers: Integers, scores: Floats) -> None:
        self._rows = rows
        self._numbers = numbers
        self._scores = scores
        # The places of the best matches, as many as have been sorted out; grows when more are asked for.
        self._order: Integers = np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(self._numbers)

    def hits(self, limit: int | None, offset: int = 0) -> list[Hit]:
        """Return the hits of some places, the best first.

        Args:
            limit: Most hits to return; None for all.
            offset: How many better hits to leave out.
        """
        end = len(self) if limit is None else min(offset + limit, len(self))
        if end <= offset:
            return []
        if end > len(self._order):
            # Whoever goes on is likely to go on again. Sorted out by fours, reading everything in batches costs about
            # what sorting everything costs; batch by batch it would cost that for each of them.
            self._order = self._sorted(self._best(min(_AHEAD * end, len(self)) if len(self._order) else end))
        chosen = self._order[offset:end]
        ids = self._rows.ids(self._numbers[chosen].tolist())
        return [Hit(id, score) for id, score in zip(ids, self._scores[chosen].tolist(), strict=True)]

    def _sorted(self, places: Integers) -> Integers:
        """Return places of matches in order, the best first."""
        scores, created = self._scores[places], self._created(places)
        order = np.lexsort((created, scores))[::-1]
        places, scores, created = places[order], scores[order], created[order]
        like_the_next = np.flatnonzero((scores[1:] == scores[:-1]) & (created[1:] == created[:-1]))
        if len(like_the_next):
            # Only of these an id decides. Equal ones stand next to each other, so sorted they fill the same positions.
            tied = np.union1d(like_the_next, like_the_next + 1)
            ids = self._rows.ids(self._numbers[places[tied]].tolist())
            ranked = zip(scores[tied].tolist(), created[tied].tolist(), ids, places[tied].tolist(), strict=True)
            places[tied] = [place for *_, place in sorted(ranked, reverse=True)]
        return places

    def _best(self, count: int) -> Integers:
        """Return the places of the `count` best matches and of those that only an id tells from them, in any order."""
        scores = self._scores
        if count == len(scores):
            return np.arange(count)
        candidates = self._candidates(count)
        of_candidates = scores[candidates]
        least = _nth_largest(of_candidates, count)
        better = candidates[of_candidates > least]
        equal = candidates[of_candidates == least]
        wanted = count - len(better)
        if wanted < len(equal):
            created = self._created(equal)
            equal = equal[created >= _nth_largest(created, wanted)]
        return np.concatenate((better, equal))

    def _candidates(self, count: int) -> Integers:
        """Return places of matches among which the `count` best are, with all that are equal to the last of them."""
        scores = self._scores
        blocks = len(scores) // _BLOCK
        if blocks < 2 * count:
            return np.arange(len(scores))
        # As many blocks hold a score of `least` or more, so no smaller one is among the best. To partition all scores
        # takes five times as long.
        least = _nth_largest(scores[: blocks * _BLOCK].reshape(blocks, _BLOCK).max(axis=1), count)
        return np.flatnonzero(scores >= least)

    def _created(self, places: Integers) -> Floats:
        return self._rows.created()[self._numbers[places]]


_BLOCK: Final = 64

_AHEAD: Final = 4
"""So many times as many matches are sorted out as are asked for, from the second time on."""


def _nth_largest(values: Floats, n: int) -> float:
    """Return the value that has `n - 1` others before it when the largest is the first."""
    return float(np.partition(values, -n)[-n])
