"""Text search: rankings and scores equal those of a loop over all documents, to the last bit, in every version."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import ClassVar
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.documents.interval import Interval, point_interval
from reactive_nb.search import bm25
from reactive_nb.search.chunks import MOST_COUNT, MOST_LENGTH, Chunks
from reactive_nb.search.condition import ALWAYS, AllOf, AnyOf, Condition, Within, meets
from reactive_nb.search.edits import Edit, Hit
from reactive_nb.search.rows import Row
from reactive_nb.search.text import Postings, TextEntry, text_entry
from reactive_nb.search.tokens import terms as terms_of
from reactive_nb.search.words import Phrase, TextQuery, Word, parse

Document = tuple[Row, str]
Documents = dict[str, Document]


class TinyChunks(Chunks):
    __slots__ = ()
    capacity: ClassVar[int] = 4


class TinyPostings(Postings):
    """Few postings make many chunks, and few commits are kept beside them."""

    __slots__ = ()
    chunks_type: ClassVar[type[Chunks]] = TinyChunks
    recent_documents: ClassVar[int] = 3
    recent_terms: ClassVar[int] = 16


class ImmediatePostings(Postings):
    """All commits are written to the chunks at once."""

    __slots__ = ()
    recent_documents: ClassVar[int] = 0


# ------------------------------------------------------------------ the oracle


def finds(word: Word, term: str) -> bool:
    wanted = word.term.decode()
    return term == wanted or (word.is_prefix and term.startswith(wanted))


def frequency(word: Word, terms: Sequence[str]) -> float:
    return sum(1.0 if term == word.term.decode() else 0.5 for term in terms if finds(word, term))


def stands(phrase: Phrase, terms: Sequence[str]) -> float:
    places = range(len(terms) - len(phrase) + 1)
    return sum(1.0 for at in places if all(finds(word, terms[at + i]) for i, word in enumerate(phrase)))


def scale(documents: Documents) -> tuple[int, int]:
    if not documents:
        return 0, 0
    tokens = sum(len(terms_of(text)) for _, text in documents.values())
    mean = tokens / len(documents)
    return math.ceil(math.log2(len(documents))), max(0, round(math.log2(mean))) if tokens else 0


def by_a_loop(documents: Documents, query: TextQuery, condition: Condition) -> list[Hit]:
    """Return what BM25 by the book says of every document."""
    exponents = scale(documents)
    total, mean = 2.0 ** exponents[0], 2.0 ** exponents[1]
    there = {id: terms_of(text) for id, (row, text) in documents.items() if meets(condition, row.filters)}
    complete = {id for id, terms in there.items() if all(stands(phrase, terms) for phrase in query.phrases)}
    frequencies = [{id: frequency(word, terms) for id, terms in there.items()} for word in query.words]
    frequencies += [{id: stands(phrase, there[id]) for id in complete} for phrase in query.phrases]
    scores: dict[str, float] = {}
    for each in frequencies:
        n = sum(1 for f in each.values() if f)
        for id, f in each.items():
            if f and id in complete:
                idf = math.log(1 + (total - n + 0.5) / (n + 0.5))
                weight = idf * f * (1.2 + 1) / (f + 1.2 * (1 - 0.75 + 0.75 * len(there[id]) / mean))
                scores[id] = scores.get(id, 0.0) + weight
    ranked = sorted(scores, key=lambda id: (scores[id], documents[id][0].created, id), reverse=True)
    return [Hit(id, scores[id]) for id in ranked]


# ------------------------------------------------------------------ helpers


def texts_of(documents: Documents) -> Callable[[Sequence[str]], list[str]]:
    return lambda ids: [documents[id][1] for id in ids]


def entry(document: Document | None) -> TextEntry | None:
    return None if document is None else text_entry(document[1], document[0])


def edited(index: Postings, documents: Documents, batch: dict[str, Document | None]) -> tuple[Postings, Documents]:
    """Return index and documents after some of them come, change or, where the batch has None, go."""
    batch = {id: document for id, document in batch.items() if document is not None or id in documents}
    edits = [Edit(id, entry(documents.get(id)), entry(document)) for id, document in batch.items()]
    after = {id: document for id, document in {**documents, **batch}.items() if document is not None}
    return index.apply(edits), after


def of_texts(*texts: str) -> tuple[Postings, Documents]:
    """Return an index of texts, the oldest first, whose ids are `d0`, `d1` and so on."""
    return edited(Postings(0), {}, {f"d{at}": (Row(float(at), ()), text) for at, text in enumerate(texts)})


def found(index: Postings, documents: Documents, words: str) -> list[str]:
    ranking = index.search(parse(words), ALWAYS, texts_of(documents))
    return [documents[hit.id][1] for hit in ranking.hits(None)]


def no_texts(ids: Sequence[str]) -> list[str]:
    raise AssertionError(f"asked for the texts of {ids}")


# ------------------------------------------------------------------ entries


def test_an_entry_holds_each_term_once_in_order_of_its_bytes() -> None:
    row = Row(1.0, (b"x",))

    made = text_entry("Zebra ähre, 日本 ähre 😀 a", row)

    assert made == TextEntry(
        row, tuple(term.encode() for term in ("a", "zebra", "ähre", "日本", "本")), (1, 1, 2, 1, 1), 6
    )
    assert list(made.terms) == sorted(made.terms)


def test_entries_share_their_terms() -> None:
    one, other = (text_entry(text, Row(1.0, ())) for text in ("reactive data", "data, ähre"))

    assert one.terms[0] is other.terms[0]


def test_an_entry_of_a_text_without_words_has_no_terms() -> None:
    assert text_entry(" -- ", Row(1.0, ())) == TextEntry(Row(1.0, ()), (), (), 0)


@pytest.mark.slow
def test_counts_and_lengths_beyond_what_a_posting_holds_are_the_largest_it_can() -> None:
    huge = text_entry("a " * (MOST_LENGTH + 5) + "b", Row(1.0, ()))

    assert huge[1:] == ((b"a", b"b"), (MOST_COUNT, 1), MOST_LENGTH)
    index = Postings(0).apply([Edit("huge", None, huge), Edit("b", None, text_entry("b", Row(2.0, ())))])
    index.check()
    assert [hit.id for hit in index.search(parse('"a"'.strip('"')), ALWAYS, no_texts).hits(None)] == ["huge"]


# ------------------------------------------------------------------ behaviour


def test_more_repetitions_come_first_and_of_equal_documents_the_newest() -> None:
    index, documents = of_texts("a", "a a", "a a a", "a a a a", "a b", "a c")

    hits = found(index, documents, "a")

    assert len(hits) == 6
    assert hits[:3] == ["a a a a", "a a a", "a a"]
    assert hits.index("a c") < hits.index("a b")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param("con", ["convex", "convention", "next conv"], id="the last word is a prefix"),
        pytest.param("conv next", ["next conv", "nextdoor"], id="only the last word is a prefix"),
        pytest.param("CONVEX", ["convex"], id="case does not matter"),
        pytest.param("nothing", [], id="a word that is nowhere"),
        pytest.param("", [], id="no words"),
        pytest.param('"next conv"', ["next conv"], id="a phrase"),
        pytest.param('"conv next"', [], id="a phrase in the other order"),
        pytest.param('convex "next con', ["next conv"], id="a phrase that is still being typed, and another word"),
    ],
)
def test_what_is_found(words: str, expected: list[str]) -> None:
    index, documents = of_texts("convention", "convex", "nextdoor", "next conv")
    found_here = found(index, documents, words)

    assert sorted(found_here) == sorted(expected)
    assert found_here == [documents[hit.id][1] for hit in by_a_loop(documents, parse(words), ALWAYS)]


def test_a_whole_word_comes_before_longer_ones_that_begin_with_it() -> None:
    index, documents = of_texts("data", "database")

    assert found(index, documents, "data") == ["data", "database"]


def test_texts_are_asked_for_phrases_only_and_only_of_documents_that_hold_all_words() -> None:
    index, documents = of_texts("a b", "a c", "b a", "c", "b c")
    asked: list[list[str]] = []

    def texts(ids: Sequence[str]) -> list[str]:
        asked.append(sorted(ids))
        return texts_of(documents)(ids)

    assert len(index.search(parse("a b"), ALWAYS, texts)) == 4
    assert asked == []
    assert len(index.search(parse('"a b"'), ALWAYS, texts)) == 1
    assert asked == [["d0", "d2"]]


def test_a_phrase_is_found_in_documents_that_have_changed() -> None:
    index, documents = of_texts("a b", "b", "a b a b", "a")
    index, documents = edited(index, documents, {"d1": (Row(1.0, ()), "b a b b")})

    for words in ('"a b" ', '"b" ', '"a" b'):
        ranking = index.search(parse(words), ALWAYS, texts_of(documents))
        assert ranking.hits(None) == by_a_loop(documents, parse(words), ALWAYS)


def test_a_word_within_a_phrase_may_be_a_prefix() -> None:
    data, base, a, b = Word(b"data", True), Word(b"base"), Word(b"a"), Word(b"b")
    query = TextQuery((data, base, a, b), ((data, base), (a, b)))
    index, documents = of_texts("data base a b", "database base a b", "data a base a b", "data base a", "base data a b")

    hits = index.search(query, ALWAYS, texts_of(documents)).hits(None)

    assert {documents[hit.id][1] for hit in hits} == {"data base a b", "database base a b"}
    assert hits == by_a_loop(documents, query, ALWAYS)


def test_a_text_with_the_same_words_in_other_numbers_is_another() -> None:
    row = Row(1.0, ())
    entries = [
        TextEntry(row, (b"a", b"b"), (2, 1), 3),
        TextEntry(row, (b"a", b"b"), (1, 2), 3),
        TextEntry(row, (b"a", b"b"), (1, 2), 9),  # as of texts with more of a word than is counted
    ]
    scores = []

    for before, after in [(None, entries[0]), *pairwise(entries)]:
        index = ImmediatePostings(0).apply([] if before is None else [Edit("d", None, before)])
        index = index.apply([Edit("d", before, after)])
        index.check()
        scores.append([hit.score for hit in index.search(parse("a"), ALWAYS, no_texts).hits(None)])

    assert scores[0] > scores[1] > scores[2]


def test_hits_are_taken_page_by_page() -> None:
    index, documents = of_texts(*(f"a {'b ' * (at % 4)}" for at in range(40)))
    ranking = index.search(parse("a b"), ALWAYS, no_texts)
    every = ranking.hits(None)

    assert every == by_a_loop(documents, parse("a b"), ALWAYS)
    assert [hit for offset in range(0, 45, 7) for hit in ranking.hits(7, offset)] == every
    assert ranking.hits(0) == []
    assert ranking.hits(5, 40) == []
    assert len(ranking) == 40


def test_the_scale_stays_while_documents_come_and_changes_at_powers_of_two() -> None:
    index, documents = Postings(0), Documents()
    scales = [index.scale]

    for at in range(9):
        index, documents = edited(index, documents, {f"d{at}": (Row(0.0, ()), "a b c d e f")})
        scales.append(index.scale)

    assert scales == [(0, 0), (0, 3), (1, 3), (2, 3), (2, 3), (3, 3), (3, 3), (3, 3), (3, 3), (4, 3)]


@pytest.mark.parametrize(("lengths", "exponent"), [([0], 0), ([1, 0, 0], 0), ([1], 0), ([5], 2), ([6], 3), ([11], 3)])
def test_the_mean_length_is_rounded_to_the_nearest_power_of_two(lengths: list[int], exponent: int) -> None:
    index, documents = of_texts(*("a " * length for length in lengths))

    assert index.scale[1] == exponent == scale(documents)[1]


def test_a_document_elsewhere_changes_no_score() -> None:
    index, documents = of_texts("a b", "a", "c d e", "c", "d")
    before = index.search(parse("a b"), ALWAYS, no_texts).hits(None)

    index, documents = edited(index, documents, {"other": (Row(9.0, ()), "c d")})

    assert index.search(parse("a b"), ALWAYS, no_texts).hits(None) == before


def test_a_change_of_filter_values_alone_writes_no_postings() -> None:
    red, blue = Row(1.0, (b"red",)), Row(1.0, (b"blue",))
    index, documents = edited(Postings(1), {}, {"d": (red, "a b")})
    index, documents = edited(index, documents, {"d": (blue, "a b")})
    index.check()

    assert len(index.search(parse("a"), Within(0, point_interval(b"red")), no_texts)) == 0
    assert len(index.search(parse("a"), Within(0, point_interval(b"blue")), no_texts)) == 1


# ------------------------------------------------------------------ equal to a loop


values = st.sampled_from([b"blue", b"green", b"red"])
points = st.builds(Within, st.integers(0, 1), st.builds(point_interval, values))
spans = st.builds(Within, st.integers(0, 1), st.builds(Interval, values, values))
conditions = st.one_of(
    st.just(ALWAYS),
    points,
    spans,
    st.builds(AllOf, st.lists(points | spans, max_size=2).map(tuple)),
    st.builds(AnyOf, st.lists(points | spans, max_size=2).map(tuple)),
)
some_words = st.sampled_from(["a", "a", "a", "ab", "abc", "b", "ba", "ä", "日", "日本", "本"])
some_texts = st.lists(some_words, max_size=8).map(" ".join)
rows = st.builds(Row, st.integers(0, 4).map(float), st.tuples(values, values))
documents_ = st.tuples(rows, some_texts)
typed = st.lists(some_words | st.just('"'), max_size=6).map(" ".join)
ids = st.integers(0, 19).map("d{:02}".format)
batches = st.dictionaries(ids, st.none() | documents_, max_size=6)
searches = st.lists(st.tuples(typed, conditions), min_size=1, max_size=4)


@pytest.mark.slow
@pytest.mark.parametrize("dense", [0, 1000], ids=["sorted", "dense"])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_rankings_are_those_of_a_loop_in_every_version(dense: int, data: st.DataObject) -> None:
    written = data.draw(st.lists(batches, max_size=8))
    asked = data.draw(searches)
    index: Postings = TinyPostings(2)
    documents: Documents = {}
    versions = [(index, documents)]

    for batch in written:
        index, documents = edited(index, documents, batch)
        index.check()
        versions.append((index, documents))

    for kept, expected in versions:
        assert len(kept) == len(expected)
        assert kept.scale == scale(expected)
        for words, condition in asked:
            query = parse(words)
            with patch.object(bm25, "_DENSE", dense):
                ranking = kept.search(query, condition, texts_of(expected))
            hits = by_a_loop(expected, query, condition)
            assert ranking.hits(None) == hits
            assert ranking.hits(2, 1) == hits[1:3]
            assert len(ranking) == len(hits)


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(st.lists(documents_, min_size=1, max_size=30), searches)
def test_documents_that_come_together_are_found_as_if_they_came_one_by_one(
    given_documents: list[Document], asked: list[tuple[str, Condition]]
) -> None:
    batch: dict[str, Document | None] = {f"d{at:02}": each for at, each in enumerate(given_documents)}
    together, documents = edited(TinyPostings(2), {}, batch)
    one_by_one: Postings = TinyPostings(2)
    seen: Documents = {}
    for id, document in batch.items():
        one_by_one, seen = edited(one_by_one, seen, {id: document})

    for words, condition in asked:
        hits = [each.search(parse(words), condition, texts_of(documents)).hits(None) for each in (together, one_by_one)]
        assert hits[0] == hits[1] == by_a_loop(documents, parse(words), condition)
