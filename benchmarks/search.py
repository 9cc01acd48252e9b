"""Search: the nearest vectors and the best texts of a hundred thousand documents, beside what else does it here.

Each peer that is not installed is named as such. Times of vectors are divided by that of one numpy product with all of
them, measured in the same turns; times of texts by that of SQLite's FTS5. An insert or a delete is measured until a
search that follows shows it. Ours takes the last word for a beginning always, so it does more than the others where a
line does not ask for one.

All are in memory. A question has one thread, except in numpy and LanceDB, which take all cores.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count, cycle

from benchmarks import text_peers, vector_peers
from benchmarks.contest import OURS, delete_until_gone, entries, insert_until_seen, made
from benchmarks.search_app import OurTexts, OurVectors
from benchmarks.search_data import BEST, DIMENSIONS, Floats, Texts, Vectors, group_of, texts, vectors
from benchmarks.stage import Stage
from benchmarks.table import Aim, Entry, Unit
from benchmarks.text_peers import BEGINNING, TextPeer
from benchmarks.timing import Arrival, Attempt, interleaved, timed
from benchmarks.vector_peers import Numpy, VectorPeer
from reactive_nb.notebook.live import Live

_PRODUCT = "numpy, one product"
_NUMPY = "numpy, product and selection"
_FTS5 = "SQLite FTS5"

_TIMES_THE_PRODUCT = 1.3
_FILTERED_AIM = 1e-3
_TEXT_AIM = 2e-3

_RECALL_OF = 50
"""Of how many questions the recall is counted."""

_CHANGES = {
    "insert → found": insert_until_seen,
    "delete → no longer found": delete_until_gone,
}


def lines(stage: Stage) -> Iterator[Entry]:
    documents = stage.scale.documents[1]
    yield from _of_vectors(vectors(documents), stage.scale.attempts)
    yield from _of_texts(texts(documents), stage.scale.attempts)


# ---------------------------------------------------------------------- vectors


def _of_vectors(given: Vectors, attempts: int) -> Iterator[Entry]:
    makers: dict[str, Callable[[Floats], VectorPeer]] = {
        OURS: OurVectors,
        f"{OURS}, approximate": partial(OurVectors, approximate=True),
        _NUMPY: Numpy,
        **vector_peers.PEERS,
    }
    peers, took = made(makers, given.matrix)
    names = [_PRODUCT, *makers]
    numpy, ours = peers[_NUMPY], peers[OURS]
    assert isinstance(numpy, Numpy)
    assert isinstance(ours, OurVectors)
    of = f"of {len(given.matrix):,} vectors"
    yield from entries(f"take in {len(given.matrix):,} vectors of {DIMENSIONS} numbers", makers, took, _PRODUCT)

    questions = cycle(given.questions)
    product = {_PRODUCT: timed(lambda: numpy.product(next(questions)))}

    def nearest(what: str, group: str | None) -> Iterator[Entry]:
        measured = interleaved(product | {name: _asking(each, given, group) for name, each in peers.items()}, attempts)
        most = _FILTERED_AIM if group else _TIMES_THE_PRODUCT * measured[_PRODUCT].median
        text = Unit.SECONDS.shown(_FILTERED_AIM) if group else f"{_TIMES_THE_PRODUCT} × the product"
        aim = Aim(text, measured[OURS].median <= most)
        recalls = {name: _recall(each, numpy, given, group) for name, each in peers.items()}
        yield from entries(f"{what} {of}", names, measured, _PRODUCT, aim=aim, recalls=recalls)

    yield from nearest(f"nearest {BEST}", None)
    yield from nearest(f"nearest {BEST} in a group of 1 %", group_of(0))

    question = given.more[0]
    places = count(len(given.matrix))
    for what, change in _CHANGES.items():
        measured = interleaved(
            product
            | {
                name: change(peer, places, question, lambda peer=peer: peer.nearest(question))
                for name, peer in peers.items()
            },
            attempts,
        )
        yield from entries(f"{what} among the nearest {BEST} {of}", names, measured, _PRODUCT)

    with ours.live(question) as live:
        for what, attempt in (
            ("outside the ball → settled, not run again", _untouched(ours, places, -question, live)),
            ("inside the ball → at the listener", _arriving(ours, places, question, live)),
        ):
            by_hand = insert_until_seen(numpy, places, question, lambda: numpy.nearest(question))
            measured = interleaved({**product, OURS: attempt, _NUMPY: by_hand}, attempts)
            yield from entries(f"live nearest {BEST} {of}, insert {what}", measured, measured, _PRODUCT)
    for peer in peers.values():
        peer.close()


def _asking(peer: VectorPeer, given: Vectors, group: str | None) -> Attempt:
    questions = cycle(given.questions)
    return timed(lambda: peer.nearest(next(questions), group))


def _recall(peer: VectorPeer, numpy: Numpy, given: Vectors, group: str | None) -> float:
    """Return which part of the nearest a peer finds."""
    found = there = 0
    for question in given.questions[:_RECALL_OF]:
        nearest = {*numpy.nearest(question, group)}
        there += len(nearest)
        found += len(nearest.intersection(peer.nearest(question, group)))
    return found / there


# ---------------------------------------------------------------------- texts


def _of_texts(given: Texts, attempts: int) -> Iterator[Entry]:
    makers: dict[str, Callable[[Sequence[str]], TextPeer]] = {OURS: OurTexts, **text_peers.PEERS}
    peers, took = made(makers, given.texts)
    ours = peers[OURS]
    assert isinstance(ours, OurTexts)
    of = f"of {len(given.texts):,} texts"
    yield from entries(f"take in {len(given.texts):,} texts", makers, took, _FTS5)

    words = given.questions
    beginnings = [[*two, last[:BEGINNING]] for *two, last in words]
    for what, questions, prefix, group in (
        ("1 word", [each[:1] for each in words], False, None),
        ("2 words", [each[:2] for each in words], False, None),
        ("3 words", words, False, None),
        (f"{BEGINNING} letters a word begins with", [each[2:] for each in beginnings], True, None),
        (f"2 words, and {BEGINNING} letters of a third", beginnings, True, None),
        ("2 words in a group of 1 %", [each[:2] for each in words], False, group_of(0)),
    ):
        measured = interleaved(
            {name: _searching(peer, questions, prefix, group) for name, peer in peers.items()}, attempts
        )
        aim = Aim(Unit.SECONDS.shown(_TEXT_AIM), measured[OURS].median <= _TEXT_AIM)
        yield from entries(f"best {BEST} {of} by {what}", makers, measured, _FTS5, aim=aim)

    new = "unheardof"
    text = f"{given.texts[0]} {new}"
    places = count(len(given.texts))
    for what, change in _CHANGES.items():
        measured = interleaved(
            {name: change(peer, places, text, lambda peer=peer: peer.search([new])) for name, peer in peers.items()},
            attempts,
        )
        yield from entries(f"{what} by a word {of}", makers, measured, _FTS5)

    question = words[0]
    by_hand = {}
    if _FTS5 in peers:
        search = peers[_FTS5].search
        by_hand[_FTS5] = insert_until_seen(peers[_FTS5], places, " ".join(question), lambda: search(question))
    with ours.live(question) as live:
        for what, attempt in (
            ("without its words → settled, not run again", _untouched(ours, places, new, live)),
            ("with its words → at the listener", _arriving(ours, places, " ".join(question), live)),
        ):
            measured = interleaved({OURS: attempt, **by_hand}, attempts)
            yield from entries(f"live best {BEST} {of} by 3 words, insert {what}", [OURS, _FTS5], measured, _FTS5)
    for peer in peers.values():
        peer.close()


def _searching(peer: TextPeer, questions: Sequence[Sequence[str]], prefix: bool, group: str | None) -> Attempt:
    turn = cycle(questions)
    return timed(lambda: peer.search(next(turn), prefix=prefix, group=group))


# ---------------------------------------------------------------------- live


def _untouched(ours: OurVectors | OurTexts, places: Iterator[int], value: object, live: Live) -> Attempt:
    """Return an attempt that inserts what does not concern a live search, and deletes it."""

    def attempt() -> float:
        place = next(places)
        runs = live.runs
        started = time.perf_counter()
        ours.insert(place, value)
        ours.db.settle()
        took = time.perf_counter() - started
        ours.delete(place)
        ours.db.settle()
        assert live.runs == runs, "a live search ran again that was not concerned"
        return took

    return attempt


def _arriving(ours: OurVectors | OurTexts, places: Iterator[int], value: object, live: Live) -> Attempt:
    """Return an attempt that inserts what a live search finds, and deletes it."""
    arrival = Arrival()
    live.observe(arrival, "value")

    def attempt() -> float:
        place = next(places)
        took = arrival.after(lambda: ours.insert(place, value))
        arrival.after(lambda: ours.delete(place))
        return took

    return attempt
