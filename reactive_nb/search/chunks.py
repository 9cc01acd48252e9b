r"""The postings of one text index, packed into chunks of an ordered map: which documents hold a term, and how often.

Comes in: for some terms the postings that are new or gone. Goes out: the chunks after them, which share with those
before all that hold none of the changes; and all postings of the terms in a range, as one array.

A posting is one 64-bit integer: the document's number, then the number of tokens in its text, then how many of them
are the term. So sorting integers sorts by document, and a range is read by joining bytes.

A chunk stands in the map under its term, a zero byte, and the smallest document number that belongs into it, in four
big-endian bytes; the first chunk of each term stands under number zero. Two invariants:

1. every document number belongs into exactly one chunk of a term, because each reaches to where the next one begins;
2. a chunk is never empty, holds at most its capacity, and at least a quarter of it where its term has several.

No term holds a zero byte, which is why the chunks of "data" stand before those of "database", next to each other.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from reactive_nb.documents.interval import ALL
from reactive_nb.documents.ordered_map import OrderedMap

Integers = NDArray[np.int64]

_NUMBER_BYTES: Final = 4
_FIRST: Final = bytes(_NUMBER_BYTES)
_SIZE: Final = 8
_NUMBER_SHIFT: Final = 32
_LENGTH_SHIFT: Final = 12

MOST_COUNT: Final = (1 << _LENGTH_SHIFT) - 1
"""The largest number of occurrences that a posting tells from a larger one."""

MOST_LENGTH: Final = (1 << _NUMBER_SHIFT - _LENGTH_SHIFT) - 1
"""The largest length of a text, in tokens, that a posting tells from a larger one."""


def packed(numbers: Integers, counts: Integers, lengths: Integers) -> Integers:
    """Return postings; counts are at most `MOST_COUNT`, lengths at most `MOST_LENGTH`."""
    return numbers << _NUMBER_SHIFT | lengths << _LENGTH_SHIFT | counts


def numbers_of(postings: Integers) -> Integers:
    """Return the document numbers of postings."""
    return postings >> _NUMBER_SHIFT


def counts_of(postings: Integers) -> Integers:
    """Return how often the term stands in each document."""
    return postings & MOST_COUNT


def lengths_of(postings: Integers) -> Integers:
    """Return the number of tokens in each document."""
    return postings >> _LENGTH_SHIFT & MOST_LENGTH


class Chunks:
    """The postings of all terms; immutable, and without arguments empty.

    Example:
        >>> numbers, counts, lengths = np.array([[3, 7], [1, 2], [50, 60]])
        >>> chunks = Chunks().apply([b"data", b"data"], packed(numbers, counts, lengths))
        >>> counts_of(chunks.of_term(b"data")).tolist()
        [1, 2]
    """

    __slots__ = ("_map",)

    capacity: ClassVar[int] = 128
    """Most postings of a chunk, a multiple of 4. Tests derive a class with a small one.

    Measured from 64 to 256 with 100 000 documents: smaller chunks cost memory for keys, larger ones are copied longer.
    """

    def __init__(self, _map: OrderedMap[bytes] | None = None) -> None:
        self._map: OrderedMap[bytes] = OrderedMap() if _map is None else _map

    # ------------------------------------------------------------------ changes

    def apply(self, terms: Sequence[bytes], postings: Integers) -> Self:
        """Return the chunks after some postings have come, gone, or taken the place of another.

        Args:
            terms: The term of each posting.
            postings: In order of their numbers, and at most one for a number and term. One with a count of zero says
                that the posting there is now goes.
        """
        if not terms:
            return self
        vocabulary = sorted(set(terms))
        code = dict(zip(vocabulary, range(len(vocabulary)), strict=True))
        # The smallest type, because numpy sorts integers of 16 bits in linear time.
        codes = np.fromiter(map(code.__getitem__, terms), np.min_scalar_type(len(vocabulary)), len(terms))
        order = np.argsort(codes, kind="stable")
        new = postings[order]
        last_of_each = np.cumsum(np.bincount(codes, minlength=len(vocabulary)))
        stretches = self._stretches(vocabulary, [0, *last_of_each.tolist()], new)

        sizes, merged = _merged(stretches, new)
        return self.__class__(self._map.apply(self._edits(stretches, sizes, merged)))

    def _stretches(self, vocabulary: list[bytes], bounds: list[int], new: Integers) -> list[_Stretch]:
        """Return what has to be written anew for postings sorted by term, in order.

        Args:
            vocabulary: The terms.
            bounds: Where in `new` the postings of each term begin; then the end of the last one.
            new: The postings.
        """
        if not self._map:
            return [
                _Stretch(term + b"\0" + _FIRST, [], last - first)
                for term, (first, last) in zip(vocabulary, pairwise(bounds), strict=True)
            ]
        numbers: list[int] = numbers_of(new).tolist()
        going: list[int] = np.concatenate(([0], np.cumsum(counts_of(new) == 0))).tolist()
        least = self.capacity // 4 * _SIZE
        stretches: list[_Stretch] = []
        for term, (first, last) in zip(vocabulary, pairwise(bounds), strict=True):
            low = term + b"\0" + _FIRST
            value = self._map.get(low)
            if value is None:
                stretches.append(_Stretch(low, [], last - first))
            elif len(value) < least:  # the only chunk of its term, by the second invariant
                stretches.append(_Stretch(low, [(low, value)], last - first))
            else:
                stretches += self._stretches_of(term + b"\0", numbers, going, first, last)
        return stretches

    def _stretches_of(
        self, prefix: bytes, numbers: list[int], going: list[int], first: int, last: int
    ) -> list[_Stretch]:
        """Return what has to be written anew of one term that is there.

        Args:
            prefix: The term and its zero byte.
            numbers: The document numbers of all changes.
            going: How many of the changes before each take a posting away.
            first: The first change of the term.
            last: The first change after it that is not.
        """
        least = self.capacity // 4
        backwards: list[_Stretch] = []
        while first < last:
            chunks = [self._chunk_before(prefix, prefix + numbers[last - 1].to_bytes(_NUMBER_BYTES, "big") + b"\0")]
            while True:
                low = chunks[0][0]
                at = bisect_left(numbers, _number(low), first, last)
                removed = going[last] - going[at]
                # What comes is not counted on, because it may take the place of what is there.
                if not removed or _held(chunks) - removed >= least:
                    break
                if _number(low) > 0:
                    chunks.insert(0, self._chunk_before(prefix, low))
                    continue
                after = self._map.first(chunks[-1][0] + b"\0", prefix[:-1] + b"\1")
                if after is None:
                    break
                if backwards and backwards[-1].low == after[0]:
                    chunks += backwards[-1].chunks
                    last += backwards.pop().changes
                else:
                    chunks.append(after)
            backwards.append(_Stretch(low, chunks, last - at))
            last = at
        backwards.reverse()
        return backwards

    def _chunk_before(self, prefix: bytes, end: bytes) -> tuple[bytes, bytes]:
        """Return the last chunk before `end` of a term that has one there."""
        found = self._map.last(prefix, end)
        assert found is not None, "the first chunk of a term stands under number zero"
        return found

    def _edits(self, stretches: list[_Stretch], sizes: Integers, merged: Integers) -> list[tuple[bytes, bytes | None]]:
        """Return how the map changes when each stretch holds so many of the merged postings.

        All chunks of a stretch but the last are made three quarters full. The last one takes what is left, which is a
        quarter at least and the whole capacity at most; new documents mostly come there.
        """
        full = self.capacity * 3 // 4
        pieces = np.where(sizes > self.capacity, -(-(sizes - self.capacity) // full) + 1, np.minimum(sizes, 1))
        ends = np.cumsum(sizes)
        first_piece = np.cumsum(pieces) - pieces
        stretch_of = np.repeat(np.arange(len(stretches)), pieces)
        starts = (ends - sizes)[stretch_of] + (np.arange(len(stretch_of)) - first_piece[stretch_of]) * full
        start_numbers: list[int] = numbers_of(merged[starts]).tolist()
        bounds = [start * _SIZE for start in starts.tolist()]
        bounds.append(len(merged) * _SIZE)
        everything = merged.tobytes()

        edits: list[tuple[bytes, bytes | None]] = []
        piece = 0
        for (low, chunks, _), count in zip(stretches, pieces.tolist(), strict=True):
            if count == 1 and len(chunks) <= 1:
                edits.append((low, everything[bounds[piece] : bounds[piece + 1]]))
                piece += 1
                continue
            written: dict[bytes, bytes | None] = {key: None for key, _ in chunks}
            for nth in range(count):
                key = low if nth == 0 else low[:-_NUMBER_BYTES] + start_numbers[piece].to_bytes(_NUMBER_BYTES, "big")
                written[key] = everything[bounds[piece] : bounds[piece + 1]]
                piece += 1
            edits += sorted(written.items())
        return edits

    # ------------------------------------------------------------------ reads

    def of_term(self, term: bytes) -> Integers:
        """Return the postings of a term, in order of their numbers."""
        return self._read(term + b"\0", term + b"\1")

    def of_longer(self, term: bytes) -> Integers:
        """Return the postings of the terms that begin with `term` and are longer; one run of numbers for each."""
        return self._read(term + b"\1", term + b"\xff")

    def _read(self, start: bytes, end: bytes) -> Integers:
        parts: list[bytes] = []
        for _, values in self._map.blocks(start, end):
            parts += values
        return np.frombuffer(b"".join(parts), np.int64)

    def everything(self) -> list[tuple[bytes, int, int, int]]:
        """Return term, number, count and length of each posting, sorted; for tests."""
        found = []
        for key, value in self._map.items():
            postings = np.frombuffer(value, np.int64)
            columns = (numbers_of(postings), counts_of(postings), lengths_of(postings))
            term = key[: -_NUMBER_BYTES - 1]
            found += [(term, *each) for each in zip(*(column.tolist() for column in columns), strict=True)]
        return found

    # ------------------------------------------------------------------ tests

    def check(self) -> None:
        """Assert the invariants, and that every posting lies in the chunk it belongs into."""
        self._map.check()
        entries = list(self._map.items(*ALL))
        terms = [key[: -_NUMBER_BYTES - 1] for key, _ in entries]
        for at, (key, value) in enumerate(entries):
            assert key[-_NUMBER_BYTES - 1] == 0
            begins, ends = at == 0 or terms[at - 1] != terms[at], at + 1 == len(terms) or terms[at + 1] != terms[at]
            numbers = numbers_of(np.frombuffer(value, np.int64)).tolist()
            assert 1 <= len(numbers) <= self.capacity
            assert (begins and ends) or len(numbers) >= self.capacity // 4
            assert all(before < after for before, after in pairwise(numbers))
            assert _number(key) <= numbers[0]
            assert not begins or _number(key) == 0
            assert ends or numbers[-1] < _number(entries[at + 1][0])


class _Stretch(NamedTuple):
    """Neighbouring chunks of one term that are written anew, and the changes to them."""

    low: bytes
    """The key of the first of them, there already or not."""
    chunks: list[tuple[bytes, bytes]]
    """Those that are there, with their keys."""
    changes: int


def _merged(stretches: list[_Stretch], new: Integers) -> tuple[Integers, Integers]:
    """Return how many postings each stretch holds after its changes, and these postings one after another."""
    each = np.arange(len(stretches))
    held = np.array([_held(stretch.chunks) for stretch in stretches])
    come = np.array([stretch.changes for stretch in stretches])
    old = np.frombuffer(b"".join([value for stretch in stretches for _, value in stretch.chunks]), np.int64)
    stays = counts_of(new) > 0
    new_stretches = np.repeat(each, come)
    added = np.bincount(new_stretches[stays], minlength=len(stretches))
    if not len(old):
        return added, new[stays]
    old_stretches = np.repeat(each, held)
    # All stretches at once: postings compare by stretch, then by number.
    old_places = old_stretches << _NUMBER_SHIFT | numbers_of(old)
    new_places = new_stretches << _NUMBER_SHIFT | numbers_of(new)
    at = np.searchsorted(old_places, new_places)
    met = old_places[np.minimum(at, len(old) - 1)] == new_places
    dropped = at[met]
    kept = np.ones(len(old), np.bool_)
    kept[dropped] = False
    # Where each belongs among those that are kept: those dropped before it are no longer counted.
    at -= np.searchsorted(dropped, at)
    sizes = np.bincount(old_stretches[kept], minlength=len(stretches)) + added
    return sizes, np.insert(old[kept], at[stays], new[stays])


def _held(chunks: list[tuple[bytes, bytes]]) -> int:
    """Return how many postings some chunks hold."""
    return sum([len(value) for _, value in chunks]) // _SIZE


def _number(key: bytes) -> int:
    """Return the smallest document number that belongs into the chunk with this key."""
    return int.from_bytes(key[-_NUMBER_BYTES:], "big")
