"""One text index at one moment: it finds the documents that hold any of some words, and ranks them by BM25.

Comes in: edits of entries, an entry being what the index keeps of one text; and queries. Goes out: the index after the
edits, which shares with the index before all but a few kilobytes; and for a query the ranking of all documents that
match.

The score is that of `bm25.py`, over the words of the query, where

1. of the terms that a prefix finds, those that are longer count half;
2. the documents that hold a word are those of them that meet the search's condition;
3. the number of all documents and their mean length are rounded to powers of two (see `scale`), so that a score does
   not change with every document that comes and holds none of the words;
4. every phrase has to stand in the document, and then counts as one more word.

Most commits change one document, and to write fifty terms into the ordered map would copy as many of its leaves. So the
last few documents that changed are kept beside it, looked at one by one, and written together when they are many: like
a log-structured merge tree with two levels (O'Neil, Cheng, Gawlick, O'Neil, 1996).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import ClassVar, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from reactive_nb.search.bm25 import Integers, Occurrences, summed, weights
from reactive_nb.search.chunks import (
    MOST_COUNT,
    MOST_LENGTH,
    Chunks,
    counts_of,
    lengths_of,
    numbers_of,
    packed,
)
from reactive_nb.search.condition import ALWAYS, Condition
from reactive_nb.search.edits import Edit
from reactive_nb.search.ranking import Ranking
from reactive_nb.search.rows import Row, Rows
from reactive_nb.search.tokens import terms as terms_of
from reactive_nb.search.words import Phrase, TextQuery, Word, phrase_count

LONGER_TERM: Final = 0.5
"""What a term counts that only begins with a wanted prefix."""

Mask = NDArray[np.bool_]
Texts = Callable[[Sequence[str]], list[str]]
"""From ids of documents to their texts."""


class TextEntry(NamedTuple):
    """What a text index keeps of one document; made by `text_entry`."""

    row: Row
    terms: tuple[bytes, ...]
    """The different terms of its text, as UTF-8, sorted."""
    counts: tuple[int, ...]
    """How often each of them stands there; what is more than `MOST_COUNT` is that."""
    length: int
    """The number of tokens in its text; what is more than `MOST_LENGTH` is that."""


def text_entry(text: str, row: Row) -> TextEntry:
    """Return the entry of a text.

    Example:
        >>> text_entry("to be or not to be", Row(0.0, ()))[1:]
        ((b'be', b'not', b'or', b'to'), (2, 1, 1, 2), 6)
    """
    found = terms_of(text)
    counted = Counter(found)
    terms = sorted(counted)  # by code point, which is the order of their UTF-8 too
    counts = tuple(map(counted.__getitem__, terms))
    if len(found) > MOST_COUNT:
        counts = tuple([min(count, MOST_COUNT) for count in counts])
    return TextEntry(row, tuple(map(_encoded, terms)), counts, min(len(found), MOST_LENGTH))


@lru_cache(maxsize=1 << 16)
def _encoded(term: str) -> bytes:
    """Return a term as UTF-8: of usual terms the same object each time.

    The commits that are remembered hold the entries they changed, and an object for each term of each would be most of
    their memory: five times what references to shared ones take.
    """
    return term.encode()


class Postings:
    """The state of one text index; immutable. Its length is the number of documents that it holds.

    Args:
        fields: The number of filter fields.

    Example:
        >>> index = Postings(0).apply([Edit("a", None, text_entry("live queries", Row(0.0, ())))])
        >>> [hit.id for hit in index.search(TextQuery((Word(b"live"),)), ALWAYS, list).hits(10)]
        ['a']
    """

    __slots__ = ("_chunks", "_recent", "_recent_terms", "_rows", "_tokens")

    chunks_type: ClassVar[type[Chunks]] = Chunks
    recent_documents: ClassVar[int] = 64
    """Up to so many changed documents are kept beside the chunks. Each search looks at every one of them."""
    recent_terms: ClassVar[int] = 4096
    """And up to so many terms in them, so that no commit has to write many more of them than its own."""

    def __init__(self, fields: int) -> None:
        self._rows = Rows(fields)
        self._chunks = self.chunks_type()
        self._recent: dict[int, _Recent] = {}
        self._recent_terms = 0
        self._tokens = 0

    # ------------------------------------------------------------------ changes

    def apply(self, edits: Sequence[Edit[TextEntry]]) -> Self:
        """Return the index after some edits, each document once."""
        rows, numbers = self._rows.apply([(id, None if new is None else new.row) for id, _, new in edits])
        recent = self._recent.copy()
        recent_terms = self._recent_terms
        tokens = self._tokens
        for number, (_, old, new) in zip(numbers, edits, strict=True):
            known = recent.pop(number, None)
            if known is not None:
                recent_terms -= known.terms()
            change = _Recent(old if known is None else known.written, new)
            if not _same_text(*change):
                recent[number] = change
                recent_terms += change.terms()
            tokens += (0 if new is None else new.length) - (0 if old is None else old.length)
        chunks = self._chunks
        if len(recent) > self.recent_documents or recent_terms > self.recent_terms:
            chunks = _with_recent(chunks, recent)
            recent, recent_terms = {}, 0

        after = object.__new__(self.__class__)
        after._rows = rows
        after._chunks = chunks
        after._recent = recent
        after._recent_terms = recent_terms
        after._tokens = tokens
        return after

    # ------------------------------------------------------------------ reads

    @property
    def scale(self) -> tuple[int, int]:
        """The number of documents and the mean length of their texts, as exponents of two.

        The first is rounded up, the second to the nearest. It is all that a score knows of documents that do not match,
        so a search has to run again when it changes.
        """
        documents = len(self)
        if not documents:
            return 0, 0
        # Whole numbers only: e is the nearest to log2(mean) when 2 ** (2 * e - 1) <= mean ** 2 < 2 ** (2 * e + 1).
        doubled = ((self._tokens * self._tokens) // (documents * documents)).bit_length()
        return (documents - 1).bit_length(), doubled // 2

    def search(self, query: TextQuery, condition: Condition, texts: Texts) -> Ranking:
        """Return the ranking of all documents that match.

        Args:
            query: What to look for.
            condition: What a document's filter values have to meet.
            texts: Returns the texts of documents by their ids; asked for phrases only.
        """
        scope = self._scope(condition)
        found = {word: self._occurrences(word, scope) for word in query.words}
        documents, mean = (2.0**exponent for exponent in self.scale)
        parts = [(each.numbers, weights(each, documents, mean)) for each in found.values()]
        numbers, scores = summed(parts, self._rows.size)
        if not query.phrases:
            return Ranking(self._rows, numbers, scores)

        standing = self._phrases(query.phrases, found, texts)
        order = np.argsort(numbers)
        scores = scores[order[np.searchsorted(numbers, standing[0].numbers, sorter=order)]]
        for each in standing:
            scores = scores + weights(each, documents, mean)
        return Ranking(self._rows, standing[0].numbers, scores)

    def _scope(self, condition: Condition) -> _Scope:
        """Return which documents a search looks at."""
        # Postings are of documents that are there, so without a condition there is nothing to look up.
        mask = None if condition == ALWAYS else self._rows.where(condition)
        recent = [
            (number, new)
            for number, (_, new) in self._recent.items()
            if new is not None and (mask is None or mask[number])
        ]
        outdated = [number for number, (written, _) in self._recent.items() if written is not None]
        if outdated:
            mask = np.ones(self._rows.size, np.bool_) if mask is None else mask.copy()
            mask[outdated] = False
        return _Scope(mask, recent)

    def _occurrences(self, word: Word, scope: _Scope) -> Occurrences:
        """Return the documents that hold a word."""
        exact = scope.within(self._chunks.of_term(word.term))
        found = Occurrences(numbers_of(exact), counts_of(exact).astype(np.float64), lengths_of(exact))
        if word.is_prefix:
            longer = scope.within(self._chunks.of_longer(word.term))
            if len(longer):
                halves = counts_of(longer).astype(np.float64) * LONGER_TERM
                parts = Occurrences(numbers_of(longer), halves, lengths_of(longer))
                found = found.joined(parts).by_document(self._rows.size)
        recent = [
            (number, frequency, entry.length)
            for number, entry in scope.recent
            if (frequency := _frequency(word, entry)) > 0
        ]
        if recent:
            numbers, frequencies, lengths = zip(*recent, strict=True)
            found = found.joined(Occurrences(np.array(numbers), np.array(frequencies), np.array(lengths)))
        return found

    def _phrases(self, phrases: Sequence[Phrase], found: Mapping[Word, Occurrences], texts: Texts) -> list[Occurrences]:
        """Return for each phrase how often it stands in each of the documents in which all of them stand."""
        needed = list({word: found[word] for phrase in phrases for word in phrase}.values())
        shortest = min(needed, key=lambda each: len(each.numbers))
        held = np.ones(len(shortest.numbers), np.bool_)
        for each in needed:
            held &= np.isin(shortest.numbers, each.numbers, assume_unique=True)
        numbers = shortest.numbers[held]
        counts = np.zeros((len(phrases), len(numbers)))
        runs = [_run(phrase) for phrase in phrases]
        for place, text in enumerate(texts(self._rows.ids(numbers.tolist()))):
            terms = terms_of(text)
            joined = "\0".join(["", *terms, ""])
            if all(run in joined for run in runs):
                counts[:, place] = [phrase_count(phrase, terms) for phrase in phrases]
        stands = counts.all(axis=0)
        lengths = shortest.lengths[held][stands]
        return [Occurrences(numbers[stands], row[stands], lengths) for row in counts]

    def __len__(self) -> int:
        return len(self._rows)

    # ------------------------------------------------------------------ tests

    def check(self) -> None:
        """Assert the invariants: of the parts, and that what is kept beside the chunks fits to them."""
        self._rows.check()
        self._chunks.check()
        assert len(self._recent) <= self.recent_documents
        assert self._recent_terms == sum(change.terms() for change in self._recent.values()) <= self.recent_terms
        held: dict[int, list[tuple[bytes, int, int]]] = {}
        for term, number, count, length in self._chunks.everything():
            held.setdefault(number, []).append((term, count, length))
        for number, (written, new) in self._recent.items():
            assert not _same_text(written, new)
            assert held.pop(number, []) == _postings_of(written)
            if new is not None and new.terms:
                held[number] = _postings_of(new)
        there = np.flatnonzero(~np.isnan(self._rows.created())).tolist()
        assert set(held) <= set(there)
        assert self._tokens == sum(length for (_, _, length), *_ in held.values())


class _Recent(NamedTuple):
    """A document that changed since the chunks were written: its entry then and now, None where it had none."""

    written: TextEntry | None
    new: TextEntry | None

    def terms(self) -> int:
        """Return how many postings it takes to write the change, about."""
        return (0 if self.written is None else len(self.written.terms)) + (
            0 if self.new is None else len(self.new.terms)
        )


class _Scope(NamedTuple):
    """The documents that a search looks at."""

    mask: Mask | None
    """By number, those whose postings in the chunks count; None for all."""
    recent: list[tuple[int, TextEntry]]
    """Those that changed since, with their numbers."""

    def within(self, postings: Integers) -> Integers:
        """Return those of some postings in the chunks that count."""
        return postings if self.mask is None else postings[self.mask[numbers_of(postings)]]


def _frequency(word: Word, entry: TextEntry) -> float:
    """Return how often a word stands in a document, by the terms of its entry."""
    terms, counts = entry.terms, entry.counts
    at = bisect_left(terms, word.term)
    total = 0.0
    if at < len(terms) and terms[at] == word.term:
        total += counts[at]
        at += 1
    while word.is_prefix and at < len(terms) and terms[at].startswith(word.term):
        total += counts[at] * LONGER_TERM
        at += 1
    return total


def _run(phrase: Phrase) -> str:
    """Return what a text holds wherever a phrase stands, when its terms are joined by zero bytes.

    To look for that is a tenth of the work of counting, and few of the documents that hold all words hold the phrase.
    """
    run = ""
    for word in phrase:
        run += "\0" + word.term.decode()
        if word.is_prefix:
            return run
    return run + "\0"


def _same_text(one: TextEntry | None, other: TextEntry | None) -> bool:
    """Whether two entries have the same postings."""
    if one is None or other is None:
        return one is other
    return one.length == other.length and one.terms == other.terms and one.counts == other.counts


def _postings_of(entry: TextEntry | None) -> list[tuple[bytes, int, int]]:
    if entry is None:
        return []
    return [(term, count, entry.length) for term, count in zip(entry.terms, entry.counts, strict=True)]


def _with_recent(chunks: Chunks, recent: Mapping[int, _Recent]) -> Chunks:
    """Return the chunks with the documents written that changed since."""
    terms: list[bytes] = []
    counts: list[int] = []
    sizes: list[int] = []
    numbers = sorted(recent)
    for number in numbers:
        written, new = recent[number]
        before = len(terms)
        if written is not None:
            gone = set(written.terms).difference(() if new is None else new.terms)
            terms += gone
            counts += [0] * len(gone)
        if new is not None:
            terms += new.terms
            counts += new.counts
        sizes.append(len(terms) - before)
    lengths = [0 if entry is None else entry.length for entry in (recent[number].new for number in numbers)]
    each_number = np.repeat(np.array(numbers, np.int64), sizes)
    each_length = np.repeat(np.array(lengths, np.int64), sizes)
    return chunks.apply(terms, packed(each_number, np.array(counts, np.int64), each_length))
