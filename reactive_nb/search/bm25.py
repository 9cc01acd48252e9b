"""BM25: what a word adds to the score of each document that holds it, and the sums of that.

Comes in: for each word of a query, in which documents it stands, how often, and how long these are. Goes out: the score
of each document, the sum over the words that it holds of

    idf * f * (k1 + 1) / (f + k1 * (1 - b + b * length / mean))     with idf = ln(1 + (N - n + 0.5) / (n + 0.5))

where f is how often the word stands there, n how many documents hold it, N the number of documents, and mean their mean
length (Robertson, Zaragoza: The Probabilistic Relevance Framework, BM25 and Beyond, 2009; k1 = 1.2, b = 0.75).

All in float64, each operation in the order in which it stands above, the words in the order of the query. So a score is
the same number to the last bit, whatever else is in the index and however it was computed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

K1: Final = 1.2
"""How soon more of the same word stops to add to the score."""

B: Final = 0.75
"""How much longer documents are marked down."""


class Occurrences(NamedTuple):
    """Documents that hold something, with how often it stands there and how long they are."""

    numbers: Integers
    frequencies: Floats
    lengths: Integers

    def joined(self, others: Occurrences) -> Occurrences:
        """Return these and others."""
        return Occurrences(
            np.concatenate((self.numbers, others.numbers)),
            np.concatenate((self.frequencies, others.frequencies)),
            np.concatenate((self.lengths, others.lengths)),
        )

    def by_document(self, size: int) -> Occurrences:
        """Return each document once, with its frequencies added up; all numbers are below `size`."""
        numbers, totals = added_up(self.numbers, self.frequencies, size)
        lengths = np.empty(size, np.int64)
        lengths[self.numbers] = self.lengths
        return Occurrences(numbers, totals, lengths[numbers])


def weights(found: Occurrences, documents: float, mean: float) -> Floats:
    """Return what one word adds to the score of each document that holds it; always more than zero.

    Args:
        found: All documents that hold it.
        documents: How many documents count as searched, at least as many as hold the word.
        mean: What counts as the mean length of their texts.
    """
    n = len(found.numbers)
    idf = math.log(1 + (documents - n + 0.5) / (n + 0.5))
    f = found.frequencies
    return idf * f * (K1 + 1) / (f + K1 * (1 - B + B * found.lengths / mean))


def summed(weights: Sequence[tuple[Integers, Floats]], size: int) -> tuple[Integers, Floats]:
    """Return the documents that any word has weights for, and the sum of these, added in order of the words."""
    if not weights:
        return np.empty(0, np.int64), np.empty(0)
    if len(weights) == 1:
        return weights[0]
    numbers, amounts = zip(*weights, strict=True)
    return added_up(np.concatenate(numbers), np.concatenate(amounts), size)


def added_up(numbers: Integers, amounts: Floats, size: int) -> tuple[Integers, Floats]:
    """Return each number once, ascending, with the sum of its amounts.

    Args:
        numbers: Some numbers below `size`.
        amounts: A positive amount for each of them. Those of one number are added in the order in which they stand.
        size: More than the largest number.
    """
    if len(numbers) * _DENSE > size:
        totals = np.bincount(numbers, amounts, size).astype(np.float64, copy=False)
        present = np.flatnonzero(totals > 0)  # eight times as fast as of the totals themselves
        return present, totals[present]
    order = np.argsort(numbers, kind="stable")  # merges runs, and numbers come as a few ascending ones
    ascending = numbers[order]
    begins = np.ones(len(ascending), np.bool_)
    np.not_equal(ascending[1:], ascending[:-1], out=begins[1:])
    places = np.empty(len(ascending), np.int64)
    places[order] = np.cumsum(begins) - 1
    return ascending[begins], np.bincount(places, amounts).astype(np.float64, copy=False)


_DENSE: Final = 32
"""With more than one in so many documents concerned, an array of all of them is cheaper than sorting (measured)."""
