"""The cache of vectors: documents of `_embeddings`, one for each text that a model has embedded, by the text's hash.

Comes in: hashes of texts, or vectors to remember. Goes out: vectors. Everything is a function over a snapshot or a
transaction. Losing an entry costs computing its vector again, and nothing else.

Entries stand under a *key*: the name of the embedding, with a number where models share a name. The default name is
that of a function such as `SentenceTransformer.encode`, whichever model it belongs to; so each model embeds one text
of ours, the probe, and gets the key of the model that gave the same vector, or a new one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from itertools import count
from typing import Final

import numpy as np

from reactive_nb.clock import IdSource
from reactive_nb.documents.document import ID, decode_document
from reactive_nb.documents.field_reader import fields_reader
from reactive_nb.documents.interval import ALL, prefix_interval
from reactive_nb.documents.snapshot import Snapshot, TableState
from reactive_nb.embedding.vectors import Vector
from reactive_nb.functions.database import SystemWriter
from reactive_nb.functions.query_builder import TableQuery
from reactive_nb.schema.declaration import BY_CREATION_TIME
from reactive_nb.schema.system_tables import EMBEDDINGS
from reactive_nb.transaction.transaction import Transaction
from reactive_nb.values.order import encode_value

PROBE: Final = "reactive_nb knows a model by its vector of this text."

SPARE: Final = 10_000
"""How many vectors that no document uses are kept at least."""

_BY_TEXT = "by_text"
_SAME_MODEL = 0.01
"""By how much of its length the vector of a text may differ on another machine, or in another batch."""

Key = str
Hash = bytes


def hash_of(text: str) -> Hash:
    """Return the hash by which a text is known."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


_PROBE_HASH = hash_of(PROBE)


def cached(snapshot: Snapshot, key: Key, hashes: Iterable[Hash]) -> dict[Hash, bytes]:
    """Return the numbers of those vectors that are there, by the hashes of their texts."""
    state = snapshot.tables.get(EMBEDDINGS)
    if state is None:
        return {}
    documents = state.map(_BY_TEXT)
    prefix = encode_value(key)
    found = {}
    for each in set(hashes):
        entry = next(documents.items(*prefix_interval(prefix + encode_value(each))), None)
        if entry is not None:
            found[each] = decode_document(entry[1])["vector"]
    return found


def remember(tx: Transaction, ids: IdSource, key: Key, vectors: Mapping[Hash, bytes]) -> None:
    """Put vectors into the cache, where they are not in it."""
    writer = SystemWriter(tx, ids)
    for each, numbers in vectors.items():
        if _entry(tx, key, each) is None:
            writer.insert(EMBEDDINGS, {"name": key, "sha256": each, "vector": numbers})


def claim(tx: Transaction, ids: IdSource, name: str, probe: Vector) -> Key:
    """Return the key of a model, which is new where no model of this name gave this vector of the probe.

    Args:
        tx: A transaction for writing.
        ids: Where ids come from.
        name: Of the embedding.
        probe: What the model makes of `PROBE`.
    """
    for number in count(1):
        key = name if number == 1 else f"{name} #{number}"
        known = _entry(tx, key, _PROBE_HASH)
        if known is None:
            remember(tx, ids, key, {_PROBE_HASH: probe.tobytes()})
            return key
        if _is_near(np.frombuffer(known, "<f4"), probe):
            return key
    raise AssertionError("there is always one more number")


def size(snapshot: Snapshot) -> int:
    """Return how many vectors there are."""
    state = snapshot.tables.get(EMBEDDINGS)
    return 0 if state is None else state.size


def superfluous(snapshot: Snapshot, used: set[tuple[Key, Hash]], spare: int = SPARE) -> list[str]:
    """Return the ids of vectors to forget, oldest first; none as long as few are unused.

    Those that no document uses now may be used again: somebody undoes an edit, or runs the cell that keeps another
    field a little later. So there may be as many as twice those in use, and `spare`, before half of these are forgotten.

    Args:
        snapshot: The database.
        used: Keys and hashes of all texts for which documents are being kept up to date.
        spare: How many may be unused in any case.
    """
    state = snapshot.tables.get(EMBEDDINGS)
    allowed = spare + 2 * len(used)
    if state is None or state.size - len(used) <= allowed:
        return []
    unused = [id for id, key, each in _entries(state) if each != _PROBE_HASH and (key, each) not in used]
    return unused[: len(unused) - allowed // 2] if len(unused) > allowed else []


def forget(tx: Transaction, ids: IdSource, entries: Iterable[str]) -> None:
    """Delete vectors from the cache, where they are still in it."""
    writer = SystemWriter(tx, ids)
    for id in entries:
        if writer.system.get(id) is not None:
            writer.delete(id)


def _entry(tx: Transaction, key: Key, each: Hash) -> bytes | None:
    found = TableQuery(tx, EMBEDDINGS).with_index(_BY_TEXT, name=key, sha256=each).first()
    return None if found is None else found["vector"]


def _entries(state: TableState) -> Iterable[tuple[str, Key, Hash]]:
    read = fields_reader((ID, "name", "sha256"))
    for _, block in state.map(BY_CREATION_TIME).blocks(*ALL):
        for document in block:
            id, key, each = read(document)
            yield id, key, each


def _is_near(one: Vector, other: Vector) -> bool:
    if one.shape != other.shape:
        return False
    distance = float(np.linalg.norm(one.astype(np.float64) - other))
    return distance <= _SAME_MODEL * float(np.linalg.norm(one.astype(np.float64)))
