"""Which documents are out of date, what they lack, and writing it: functions over snapshots and transactions.

A document is up to date when its vector is the one that the cache has for its text, or when it has neither. Nothing
here asks the model, keeps anything, or knows of threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from reactive_nb.clock import IdSource
from reactive_nb.documents.document import ID
from reactive_nb.documents.field_reader import scalar_reader
from reactive_nb.documents.interval import ALL
from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.embedding import cache
from reactive_nb.embedding.place import Place
from reactive_nb.errors import InvalidValue, ReactiveError, UniqueViolation, ValidationError
from reactive_nb.functions.context import MutationContext
from reactive_nb.schema.declaration import BY_CREATION_TIME
from reactive_nb.values.conversion import vector_of_bytes
from reactive_nb.values.value import UNSET

_ids = scalar_reader(ID)


class Pair(NamedTuple):
    """What a document has, or shall have, in both fields.

    Attributes:
        text: None where there is no text, or something else.
        vector: Its numbers; None where there is none.
    """

    text: str | None
    vector: bytes | None


class Batch(NamedTuple):
    """Some documents, as of one moment.

    Attributes:
        pairs: What they have, by id; those that are gone are left out.
        hashes: Their different texts with their hashes.
        known: The vectors that the cache has, by hash.
    """

    pairs: dict[str, Pair]
    hashes: dict[str, cache.Hash]
    known: dict[cache.Hash, bytes]

    @property
    def missing(self) -> list[str]:
        """The texts whose vectors the cache lacks."""
        return [text for text, each in self.hashes.items() if each not in self.known]

    def stale(self, computed: Mapping[cache.Hash, bytes]) -> dict[str, Pair]:
        """Return what documents shall have that have something else, by id.

        Args:
            computed: The vectors that were missing, by hash.
        """
        vectors = {**self.known, **computed}
        wanted = {
            id: Pair(text, None if text is None else vectors[self.hashes[text]]) for id, (text, _) in self.pairs.items()
        }
        return {id: pair for id, pair in wanted.items() if pair != self.pairs[id]}


def read(snapshot: Snapshot, place: Place, key: cache.Key, ids: Iterable[str]) -> Batch:
    """Return what some documents have, and what the cache has for them."""
    state = snapshot.tables.get(place.table)
    found = () if state is None else ((id, state.get(id)) for id in ids)
    documents = {id: data for id, data in found if data is not None}
    return _batch(snapshot, place, key, list(documents), list(documents.values()))


def read_all(snapshot: Snapshot, place: Place, key: cache.Key) -> Iterator[Batch]:
    """Yield all documents of the table, some hundred at a time, oldest first."""
    state = snapshot.tables.get(place.table)
    for _, documents in () if state is None else state.map(BY_CREATION_TIME).blocks(*ALL):
        yield _batch(snapshot, place, key, _ids(documents), documents)


def out_of_date(batch: Batch) -> list[str]:
    """Return the ids of documents whose vector is not that of their text, or not known to be."""
    return [
        id
        for id, (text, vector) in batch.pairs.items()
        if vector != (None if text is None else batch.known.get(batch.hashes[text], UNSET))
    ]


def used(snapshot: Snapshot, place: Place, key: cache.Key) -> Iterator[tuple[cache.Key, cache.Hash]]:
    """Yield which vectors the documents of the table want."""
    state = snapshot.tables.get(place.table)
    for _, documents in () if state is None else state.map(BY_CREATION_TIME).blocks(*ALL):
        for text in place.texts(documents):
            if text is not None:
                yield key, cache.hash_of(text)


def write(
    ctx: MutationContext,
    ids: IdSource,
    place: Place,
    key: cache.Key,
    stale: Mapping[str, Pair],
    computed: Mapping[cache.Hash, bytes],
) -> dict[str, ReactiveError]:
    """Give documents their vectors, where the text is still the same, and put new vectors into the cache.

    Returns:
        By id, why documents do not take theirs. One that has no text, and may not be without a vector, keeps it.
    """
    tx = ctx.transaction
    cache.remember(tx, ids, key, computed)
    refused: dict[str, ReactiveError] = {}
    for id, (text, numbers) in stale.items():
        state = tx.declared(place.table)
        data = None if state is None else tx.get(state, id)
        if data is None or place.texts([data])[0] != text:
            continue
        try:
            ctx.db.patch(place.table, id, {place.into: UNSET if numbers is None else vector_of_bytes(numbers)})
        except (ValidationError, InvalidValue, UniqueViolation) as error:
            if numbers is not None:
                refused[id] = error
    return refused


def _batch(snapshot: Snapshot, place: Place, key: cache.Key, ids: list[str], documents: list[bytes]) -> Batch:
    texts = place.texts(documents)
    vectors = place.vectors(documents)
    pairs = {id: Pair(text, vector) for id, text, vector in zip(ids, texts, vectors, strict=True)}
    hashes = {text: cache.hash_of(text) for text in texts if text is not None}
    return Batch(pairs, hashes, cache.cached(snapshot, key, hashes.values()))
