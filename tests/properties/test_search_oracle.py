"""The reactivity oracle for searches: live searches on a real engine, against plain Python, and no run in vain.

Random commits to one table; after each, every live search equals what plain Python finds among the documents, and it
has run again if and only if the commit changed what it depends on: a document that has, before or after, one of its
words and passes its filter; a vector within the ball to its last hit that passes the filter; or a document that it
handed out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

import numpy as np
import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.clock import IdSource
from reactive_nb.search.metric import score
from reactive_nb.search.tokens import terms
from reactive_nb.testing import FakeClock
from tests.properties.explore import FIRST_SEED, explore

SCRIPTS, STEPS = 30, 60
WORDS = ["re", "reactive", "react", "data", "database", "base", "日本語", "é"]
TEXTS = ["", "re", "reactive", '"reactive data', '"data base" re', "base database", "日本", "nothing da", "E"]
GROUPS = ["a", "b", None]
MOST_LIVES = 6
DIMENSIONS = 3
Document = dict[str, Any]


@dataclass(frozen=True)
class Insert:
    number: int
    fields: Document


@dataclass(frozen=True)
class Patch:
    number: int
    fields: Document


@dataclass(frozen=True)
class Delete:
    number: int


@dataclass(frozen=True)
class Commit:
    changes: tuple[Insert | Patch | Delete, ...]


@dataclass(frozen=True)
class Text:
    words: str
    group: str | None
    filtered: bool
    how: str


@dataclass(frozen=True)
class Near:
    index: str
    vector: tuple[float, ...]
    limit: int
    group: str | None
    least: int | None


@dataclass(frozen=True)
class Hold:
    query: Text | Near


@dataclass(frozen=True)
class Close:
    number: int


# ------------------------------------------------------------------ plain Python


def exponent_up(number: int) -> int:
    return max(0, (number - 1).bit_length())


def plain_scale(documents: list[Document]) -> tuple[int, int]:
    lengths = [len(terms(each["text"])) for each in documents if isinstance(each.get("text"), str)]
    lengths = [length for length in lengths if length]
    if not lengths:
        return 0, 0
    return exponent_up(len(lengths)), round(math.log2(sum(lengths) / len(lengths)))


def occurrences(word: str, is_prefix: bool, found: list[str]) -> float:
    whole = found.count(word)
    return whole + 0.5 * (sum(term.startswith(word) for term in found) - whole) if is_prefix else float(whole)


def phrase_occurrences(phrase: list[tuple[str, bool]], found: list[str]) -> int:
    places = range(len(found) - len(phrase) + 1)
    return sum(
        all(
            found[place + step].startswith(word) if is_prefix else found[place + step] == word
            for step, (word, is_prefix) in enumerate(phrase)
        )
        for place in places
    )


PARSED: dict[str, tuple[list[tuple[str, bool]], list[list[tuple[str, bool]]]]] = {
    "": ([], []),
    "re": ([("re", True)], []),
    "reactive": ([("reactive", True)], []),
    '"reactive data': ([("reactive", False), ("data", True)], [[("reactive", False), ("data", True)]]),
    '"data base" re': ([("data", False), ("base", False), ("re", True)], [[("data", False), ("base", False)]]),
    "base database": ([("base", False), ("database", True)], []),
    "日本": ([("日本", True)], []),
    "nothing da": ([("nothing", False), ("da", True)], []),
    "E": ([("e", True)], []),
}


def found_by_text(documents: list[Document], query: Text) -> list[Document]:
    """Return what a text search finds, best first."""
    words, phrases = PARSED[query.words]
    candidates = [
        (each, terms(each["text"]))
        for each in documents
        if isinstance(each.get("text"), str) and (not query.filtered or each.get("group") == query.group)
    ]
    matching = [
        (each, found)
        for each, found in candidates
        if any(occurrences(word, is_prefix, found) for word, is_prefix in words)
        and all(phrase_occurrences(phrase, found) for phrase in phrases)
    ]
    size, mean = (2.0**exponent for exponent in plain_scale(documents))

    def weight(frequency: float, holders: int, length: int) -> float:
        rarity = math.log(1 + (size - holders + 0.5) / (holders + 0.5))
        return rarity * frequency * 2.2 / (frequency + 1.2 * (1 - 0.75 + 0.75 * length / mean))

    scored = []
    for each, found in matching:
        total = 0.0
        for word, is_prefix in words:
            holders = sum(occurrences(word, is_prefix, other) > 0 for _, other in candidates)
            total += weight(occurrences(word, is_prefix, found), holders, len(found))
        for phrase in phrases:
            holders = sum(phrase_occurrences(phrase, other) > 0 for _, other in matching)
            total += weight(phrase_occurrences(phrase, found), holders, len(found))
        # Sums of the same numbers in another order may differ in the last bits, and these are not to decide.
        scored.append((-round(total, 9), -each["_creationTime"], each["_id"], each))
    scored.sort(key=lambda row: row[:2])
    return [row[-1] for row in scored]


def near_hits(documents: list[Document], query: Near) -> list[tuple[float, Document]]:
    """Return what a vector search finds, nearest first."""
    metric: Any = "cosine" if query.index == "by_angle" else "l2"
    vector = np.array(query.vector, np.float32)
    found = [
        (score(metric, vector, each["vector"]), each)
        for each in documents
        if each.get("vector") is not None and passes(each, query)
    ]
    found.sort(key=lambda hit: (-hit[0], hit[1]["_creationTime"], hit[1]["_id"]))
    return found[: query.limit]


def passes(document: Document, query: Near | Text) -> bool:
    if isinstance(query, Text):
        return not query.filtered or document.get("group") == query.group
    if query.group is not None and document.get("group") != query.group:
        return False
    return query.least is None or document["year"] >= query.least


# ------------------------------------------------------------------ the machine


def declare(db: Any) -> None:
    db.define(
        papers=rnb.table(
            text=v.string(),
            group=v.optional(v.string()),
            year=v.int64(),
            likes=v.int64(),
            vector=v.optional(v.vector(DIMENSIONS)),
        )
        .search_index("by_text", "text", filter_fields=["group"])
        .vector_index("by_angle", "vector", dimensions=DIMENSIONS, filter_fields=["group", "year"])
        .vector_index("by_place", "vector", dimensions=DIMENSIONS, filter_fields=["group", "year"], metric="l2")
    )


def text_query(ctx: Any, query: Text) -> Any:
    group = rnb.UNSET if query.group is None else query.group

    def search(q: Any) -> Any:
        q = q.search("text", query.words)
        return q.eq("group", group) if query.filtered else q

    found = ctx.db.query("papers").with_search_index("by_text", search)
    match query.how:
        case "take":
            return found.take(3)
        case "collect":
            return found.collect()
        case "hits":
            return [hit["_id"] for hit in found.hits(4)]
        case _:
            return found.count()


def near_query(ctx: Any, query: Near) -> Any:
    def filter(q: Any) -> Any:
        conditions = [q.eq("group", query.group)] if query.group is not None else []
        conditions += [q.gte("year", query.least)] if query.least is not None else []
        return q.and_(*conditions)

    return ctx.vector_search("papers", query.index, vector=list(query.vector), limit=query.limit, filter=filter)


class Lives:
    """A database with live searches."""

    def __init__(self) -> None:
        clock = FakeClock()
        self.clock = clock
        self.db = rnb.connect(clock=clock, ids=IdSource(clock, seed=1))
        declare(self.db)
        self.documents: dict[str, Document] = {}
        self.queries: list[tuple[Text | Near, Any, Callable[[], Any]]] = []
        db = self.db

        @db.query
        def by_text(ctx: Any, words: str, group: str | None, filtered: bool, how: str) -> Any:
            return text_query(ctx, Text(words, group, filtered, how))

        @db.query
        def near(ctx: Any, index: str, vector: list[float], limit: int, group: str | None, least: int | None) -> Any:
            return near_query(ctx, Near(index, tuple(vector), limit, group, least))

        @db.mutation
        def change(ctx: Any, changes: list[Any]) -> None:
            for kind, id, fields in changes:
                if kind == "insert":
                    ctx.db.insert("papers", fields)
                elif kind == "patch":
                    ctx.db.patch(id, {name: rnb.UNSET if each == "gone" else each for name, each in fields.items()})
                else:
                    ctx.db.delete(id)

        self.by_text, self.near, self.change = by_text, near, change

    # -------------------------------------------------------------- steps

    def propose(self, rng: Random) -> Any:
        kind = rng.choices(["commit", "hold", "close"], [7, 2, 1])[0]
        if kind == "commit":
            return Commit(tuple(self._a_change(rng) for _ in range(rng.choice([1, 1, 1, 2, 3]))))
        if kind == "close" or len(self.queries) >= MOST_LIVES:
            return Close(rng.randrange(MOST_LIVES))
        if rng.random() < 0.5:
            how = rng.choice(["take", "collect", "hits", "count"])
            return Hold(Text(rng.choice(TEXTS), rng.choice(GROUPS), rng.random() < 0.5, how))
        least = rng.choice([None, None, 2, 3])
        return Hold(
            Near(rng.choice(["by_angle", "by_place"]), _a_vector(rng), rng.choice([1, 2, 5]), rng.choice(GROUPS), least)
        )

    def _a_change(self, rng: Random) -> Insert | Patch | Delete:
        number = rng.randrange(1 << 16)
        kind = rng.choices(["insert", "patch", "delete"], [4, 4, 2])[0]
        if kind == "delete":
            return Delete(number)
        if kind == "insert":
            fields: Document = {"text": _a_text(rng), "year": rng.randrange(5), "likes": 0}
            if (group := rng.choice(GROUPS)) is not None:
                fields["group"] = group
            if rng.random() < 0.8:
                fields["vector"] = list(_a_vector(rng))
            return Insert(number, fields)
        return Patch(
            number,
            rng.choice(
                [
                    {"text": _a_text(rng)},
                    {"group": rng.choice(["a", "b", "gone"])},
                    {"likes": rng.randrange(1 << 20)},
                    {"vector": list(_a_vector(rng))},
                    {"vector": "gone"},
                    {"year": rng.randrange(5)},
                ]
            ),
        )

    def do(self, step: Any) -> None:
        match step:
            case Commit(changes):
                self._commit(changes)
            case Hold(query):
                self._hold(query)
            case Close(number) if number < len(self.queries):
                self.queries.pop(number)[1].close()
            case _:
                return
        self._check()

    def _commit(self, changes: tuple[Insert | Patch | Delete, ...]) -> None:
        ids = list(self.documents)
        arguments: list[list[Any]] = []
        gone: set[str] = set()
        for change in changes:
            if isinstance(change, Insert):
                arguments.append(["insert", "", change.fields])
            elif ids and (id := ids[change.number % len(ids)]) not in gone:
                if isinstance(change, Delete):
                    gone.add(id)
                    arguments.append(["delete", id, {}])
                else:
                    arguments.append(["patch", id, change.fields])
        before = dict(self.documents)
        runs = [live.runs for _, live, _ in self.queries]
        results = [live.value for _, live, _ in self.queries]
        self.clock.advance(timedelta(seconds=1))
        self.change(arguments)
        self.db.settle()
        self.documents = {each["_id"]: each for each in self.db.read(lambda ctx: ctx.db.query("papers").collect())}
        for (query, live, _), ran, result in zip(self.queries, runs, results, strict=True):
            expected = self._is_concerned(query, before, result)
            assert live.runs - ran == expected, f"{query} ran {live.runs - ran} times, not {int(expected)}"

    def _is_concerned(self, query: Text | Near, before: dict[str, Document], result: Any) -> bool:
        """Whether a commit from `before` to now changes what a query with this result has read."""
        after = self.documents
        ids = before.keys() | after.keys()
        changed = [id for id in ids if not _same(before.get(id), after.get(id))]
        if isinstance(query, Text):
            if plain_scale(list(before.values())) != plain_scale(list(after.values())):
                # The scale counts for all, and what has changed it has changed the index.
                return True
            handed_out = {each["_id"] for each in result} if query.how in ("take", "collect") else set()
            return any(
                id in handed_out
                or (_moved(before.get(id), after.get(id), "text", "group") and self._has_word(id, before, query))
                for id in changed
            )
        floor = result[-1]["_score"] if len(result) == query.limit else -math.inf
        metric: Any = "cosine" if query.index == "by_angle" else "l2"
        vector = np.array(query.vector, np.float32)
        return any(
            each is not None
            and each.get("vector") is not None
            and passes(each, query)
            and score(metric, vector, each["vector"]) >= floor
            for id in changed
            if _moved(before.get(id), after.get(id), "vector", "group", "year")
            for each in (before.get(id), after.get(id))
        )

    def _has_word(self, id: str, before: dict[str, Document], query: Text) -> bool:
        words, _ = PARSED[query.words]
        return any(
            each is not None
            and passes(each, query)
            and any(occurrences(word, is_prefix, terms(each["text"])) for word, is_prefix in words)
            for each in (before.get(id), self.documents.get(id))
        )

    def _hold(self, query: Text | Near) -> None:
        if isinstance(query, Text):
            live = self.by_text.live(words=query.words, group=query.group, filtered=query.filtered, how=query.how)
            fresh = lambda: self.db.read(lambda ctx: text_query(ctx, query))  # noqa: E731 - it is kept with its live result
        else:
            live = self.near.live(
                index=query.index,
                vector=list(query.vector),
                limit=query.limit,
                group=query.group,
                least=query.least,
            )
            fresh = lambda: self.db.read(lambda ctx: near_query(ctx, query))  # noqa: E731 - it is kept with its live result
        self.queries.append((query, live, fresh))
        self.db.settle()

    def _check(self) -> None:
        documents = list(self.documents.values())
        for query, live, fresh in self.queries:
            value = live.value
            assert _plain(value) == _plain(fresh()), f"{query} is not what a fresh run gives"
            if isinstance(query, Near):
                expected: Any = [{"_id": each["_id"], "_score": score} for score, each in near_hits(documents, query)]
            else:
                found = found_by_text(documents, query)
                match query.how:
                    case "take":
                        expected = found[:3]
                    case "collect":
                        expected = found
                    case "hits":
                        expected = [each["_id"] for each in found[:4]]
                    case _:
                        expected = len(found)
            assert _plain(value) == _plain(expected), f"{query} is not what plain Python finds"

    def finish(self) -> None:
        self._check()
        self.db.read(lambda ctx: ctx.transaction.snapshot.check())

    def close(self) -> None:
        self.db.close()


def _a_text(rng: Random) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 6])))


def _a_vector(rng: Random) -> tuple[float, ...]:
    return tuple(float(rng.choice([-1, 0, 0, 1, 2])) for _ in range(DIMENSIONS))


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value


def _same(one: Document | None, other: Document | None) -> bool:
    return _plain(one) == _plain(other)


def _moved(one: Document | None, other: Document | None, *fields: str) -> bool:
    """Whether a change concerns an index of these fields."""
    if one is None or other is None:
        return True
    return any(_plain(one.get(field)) != _plain(other.get(field)) for field in fields)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + SCRIPTS))
def test_live_searches_are_what_plain_python_finds_and_run_when_and_only_when_they_must(seed: int) -> None:
    explore(Lives, seed, STEPS)
