"""A commit: the plain record of one accepted write set, and its bytes in the log.

The record says who wrote, when, what changed and which index keys that touched; conflicts, stale results, `why()`
and the DuckDB tables are all derived from it. The bytes hold only what cannot be derived: each changed document's
table, id and new encoding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from reactive_nb.documents.document import decode_document
from reactive_nb.documents.snapshot import Change, Snapshot, TableState
from reactive_nb.schema.declaration import TABLES
from reactive_nb.search.edits import SearchChange


@dataclass(frozen=True, slots=True, repr=False)
class Commit:
    """One write that happened."""

    ts: int
    """The commit's number."""
    time_ms: float
    """When its function started, in milliseconds since 1970 UTC."""
    function: str
    """The path of the mutation, or what else wrote: `"define"`, `"transaction"`."""
    changes: tuple[Change, ...]
    touched: dict[tuple[str, str], list[bytes]]
    """(table, index) → the sorted keys, old and new, of the changed documents."""
    redeclared: frozenset[str]
    """Tables that were created, declared anew or dropped; everything ever read of them is touched."""
    origin: str = ""
    """From where its function was called, in words such as `"In[7]"`; empty when nobody knows. Not in the log."""
    searched: dict[tuple[str, str], SearchChange] = field(default_factory=dict)
    """(table, search index) → what has changed in it, where anything has."""

    def __repr__(self) -> str:
        tables = Counter(change.table for change in self.changes)
        documents = ", ".join(f"{count} of {table}" for table, count in tables.items())
        return (
            f"<commit {self.ts}, {self.function}{self.origin and f' in {self.origin}'}: {documents or 'no documents'}>"
        )


class Entry(msgspec.Struct, array_like=True, frozen=True):
    """What the log holds of a commit."""

    time_ms: float
    function: str
    documents: list[tuple[str, str, bytes | None]]
    """(table, id, new encoding or None for a delete), each id once."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Entry)


def encode_commit(time_ms: float, function: str, changes: Iterable[Change]) -> bytes:
    """Return the log payload of a commit."""
    return _encoder.encode((time_ms, function, [(change.table, change.id, change.new) for change in changes]))


def decode_commit(payload: bytes) -> Entry:
    """Return what a log payload says."""
    return _decoder.decode(payload)


def replay(snapshot: Snapshot, ts: int, payload: bytes) -> tuple[Snapshot, Commit]:
    """Return the snapshot after a logged commit, and the commit with all that its payload leaves out.

    Args:
        snapshot: The database just before it, at `ts - 1`.
        ts: The commit's number.
        payload: What `encode_commit` made, here or in another process.
    """
    entry = decode_commit(payload)
    own = [row for row in entry.documents if row[0] == TABLES]
    redeclared = snapshot.redeclared_by(_changes(snapshot, {}, own))
    changes = _changes(snapshot, redeclared, entry.documents)
    after, touched, searched = snapshot.apply(ts, changes, redeclared)
    return after, Commit(
        ts, entry.time_ms, entry.function, tuple(changes), touched, frozenset(redeclared), searched=searched
    )


def _changes(
    snapshot: Snapshot, redeclared: Mapping[str, TableState | None], rows: Iterable[tuple[str, str, bytes | None]]
) -> list[Change]:
    changes = []
    for table, id, new in rows:
        declared = redeclared.get(table)
        state = snapshot.tables[table] if declared is None else declared
        old = state.get(id)
        changes.append(
            Change(
                table,
                id,
                old,
                new,
                None if old is None else state.maker.keys(decode_document(old)),
                None if new is None else state.maker.keys(decode_document(new)),
            )
        )
    return changes
