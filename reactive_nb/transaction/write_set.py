"""What a transaction means to change: its writes in order, and what they come to per document.

The order serves the transaction's own reads; what they come to is what gets committed. A document written twice is
one change, one inserted and deleted again is none, and a write that changes nothing is none either.
"""

from __future__ import annotations

from reactive_nb.documents.snapshot import Change, TableState


class WriteSet:
    """Buffered changes of one transaction; copied for a savepoint."""

    __slots__ = ("_by_id", "redeclared")

    def __init__(self) -> None:
        self._by_id: dict[str, Change] = {}
        self.redeclared: dict[str, TableState | None] = {}
        """Tables declared anew by this transaction, as they are after it and without its other changes."""

    def add(self, change: Change) -> None:
        """Add a change that follows all earlier ones."""
        first = self._by_id.get(change.id)
        if first is not None:
            change = Change(change.table, change.id, first.old, change.new, first.old_keys, change.new_keys)
        if change.old == change.new:
            self._by_id.pop(change.id, None)
        else:
            self._by_id[change.id] = change

    def get(self, id: str) -> Change | None:
        """Return what the writes to one document come to, or None when there are none."""
        return self._by_id.get(id)

    def changes(self) -> tuple[Change, ...]:
        """Return what is to be committed."""
        return tuple(self._by_id.values())

    def tables(self) -> set[str]:
        """Return the names of the tables written to."""
        return {change.table for change in self._by_id.values()}

    def copy(self) -> WriteSet:
        """Return an independent copy."""
        other = WriteSet()
        other._by_id = dict(self._by_id)
        other.redeclared = dict(self.redeclared)
        return other

    def __bool__(self) -> bool:
        return bool(self._by_id) or bool(self.redeclared)
