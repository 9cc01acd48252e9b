"""Arrivals: documents that may bring their own ids and times, checked, and as changes of a transaction.

Comes in: documents of one table, one by one. Goes out: the transaction holds one change for each that is accepted. After
this the transaction must only be committed or abandoned: its own reads do not see what has arrived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from reactive_nb.clock import IdSource
from reactive_nb.documents.document import (
    CREATION_TIME,
    ID,
    MAX_BYTES,
    check_field_names,
    decode_document,
    decode_documents,
    encode_document,
)
from reactive_nb.documents.index_key import each_key, exempt_from_unique, field_prefix
from reactive_nb.documents.interval import ALL, Interval, prefix_interval
from reactive_nb.documents.snapshot import Change, TableState
from reactive_nb.errors import (
    DocumentValidationError,
    InvalidId,
    InvalidValue,
    ReactiveError,
    UniqueViolation,
    ValidationError,
)
from reactive_nb.schema.declaration import BY_CREATION_TIME, BY_ID
from reactive_nb.transaction.transaction import Transaction
from reactive_nb.values import wire
from reactive_nb.values.ids import are_ids_of, decode_id, encode_id, encode_ids
from reactive_nb.values.refusal import show
from reactive_nb.values.scalars import AnyValidator, Validator
from reactive_nb.values.shapes import ObjectValidator
from reactive_nb.values.value import IN_DOCUMENT, MAX_FIELDS, normalize

_LAST_MS = 8.64e15
"""The last moment that JavaScript has."""
_ALIKE = 64
"""From so many documents with the same fields on it is quicker to look at columns."""
_ID_LENGTHS = frozenset((31, 32, 34, 36, 37))


def clear(tx: Transaction, state: TableState) -> int:
    """Delete all documents of a table, and return how many there were."""
    tx.reads.add(state.name, BY_CREATION_TIME, ALL)
    for _, block in state.map(BY_ID).blocks(*ALL):
        for data, document in zip(block, decode_documents(block), strict=True):
            keys = state.maker.keys(document)
            tx.writes.add(Change(state.name, document[ID], data, None, keys, None))
    return state.size


class Arrivals:
    """Takes the documents of one table.

    Args:
        tx: The transaction.
        state: The table as it is declared; what it held before has been cleared, unless `keeps`.
        ids: Where ids come from, for documents without.
        keeps: Whether the documents there stay.
        renumbered: By the number that a table had where the documents come from, the number that it has here.

    Attributes:
        taken: How many documents were accepted.
        size: How many bytes of a record of the log they take, or a little less.
    """

    def __init__(
        self, tx: Transaction, state: TableState, ids: IdSource, *, keeps: bool, renumbered: Mapping[int, int]
    ) -> None:
        self.taken = self.size = 0
        self._tx = tx
        self._state = state
        self._ids = ids
        self._keeps = keeps
        self._renumbered = renumbered
        self._what = f"Cannot load into {state.name}"
        self._places: dict[str, str] = {}
        self._by_unique_key: dict[tuple[int, bytes], str] = {}
        tx.reads.add_declaration(state.name)

    def take(self, place: str, document: dict[str, Any]) -> dict[str, Any]:
        """Check one document and write it; return it with its id and time.

        Args:
            place: Where it stands in its file, in words.
            document: Its fields, and perhaps `_id` and `_creationTime`; it is used up.

        Raises:
            DocumentValidationError: The declaration refuses it, or its `_creationTime` is none.
            InvalidValue: It holds what no document can.
            InvalidId: Its id is none, is of another table, or has another document.
            UniqueViolation: A unique index holds its values already.
        """
        return self._take(place, self._with_own_numbers(document) if self._renumbered else document)

    def take_many(self, rows: Sequence[tuple[str, dict[str, Any]]]) -> list[tuple[str, ReactiveError]]:
        """Take each of many documents as `take` does, in half of the time; return which were refused, and why.

        Documents with the same fields are checked a column at a time. If anything about them needs a closer look, they
        are taken one by one, which says what is wrong.
        """
        if self._renumbered:
            rows = [(place, self._with_own_numbers(document)) for place, document in rows]
        groups: dict[tuple[str, ...], list[int]] = {}
        for position, (_, document) in enumerate(rows):
            groups.setdefault(tuple(document), []).append(position)
        # Those without a time of their own get theirs in the order of the file.
        if len(groups) > 1 and not all(CREATION_TIME in fields for fields in groups):
            groups = {(): [*range(len(rows))]}
        refused: dict[int, ReactiveError] = {}
        for fields, positions in groups.items():
            if len(positions) >= _ALIKE and fields and self._take_alike(fields, [rows[at] for at in positions]):
                continue
            for at in positions:
                try:
                    self._take(*rows[at])
                except ReactiveError as error:
                    refused[at] = error
        return [(rows[at][0], refused[at]) for at in sorted(refused)]

    def _take(self, place: str, document: dict[str, Any]) -> dict[str, Any]:
        id = self._id(document.pop(ID, None))
        created = self._created(document.pop(CREATION_TIME, None))
        whole = {ID: id, CREATION_TIME: created, **self._fields(document)}
        data = encode_document(whole, self._what)
        change = Change(self._state.name, id, None, data, None, self._state.maker.keys(whole))
        if self._state.maker.unique:
            self._check_unique(change, whole, place)
        self._write({id: place}, [change], [data], [created])
        return whole

    def _write(
        self, places: dict[str, str], changes: Iterable[Change], encoded: list[bytes], created: list[float]
    ) -> None:
        self._places |= places
        for change in changes:
            self._tx.writes.add(change)
        self._tx.last_creation_ms = max(self._tx.last_creation_ms, *created)
        self.taken += len(encoded)
        self.size += sum(map(len, encoded)) + sum(map(len, places)) + len(self._state.name) * len(encoded)

    def _take_alike(self, names: tuple[str, ...], rows: list[tuple[str, dict[str, Any]]]) -> bool:
        """Take documents with the same fields, or none of them and return False when one may have to be refused."""
        if self._state.maker.unique:
            return False
        values = zip(*[document.values() for _, document in rows], strict=True)
        columns: dict[str, list[Any]] = {name: [*column] for name, column in zip(names, values, strict=True)}
        ids, times = columns.pop(ID, None), columns.pop(CREATION_TIME, None)
        if times is not None and not all(_is_time(time) for time in times):
            return False
        fields = self._columns(columns)
        if fields is None or (ids is not None and not self._are_new(ids)):
            return False
        if ids is None:
            ids = encode_ids(self._state.stored.number, sorted([self._ids.next() for _ in rows]))
        created = [*map(float, times)] if times is not None else [self._tx.next_creation_ms() for _ in rows]
        # As a struct a document is encoded in a third of the time of a dict, to the same bytes.
        renamed = {f"f{position}": name for position, name in enumerate((ID, CREATION_TIME, *fields))}
        row = msgspec.defstruct("Row", [(name, Any) for name in renamed], rename=renamed, gc=False)
        encode: Callable[[Any], bytes] = wire.encode
        encoded = [encode(row(*each)) for each in zip(ids, created, *fields.values(), strict=True)]
        if max(map(len, encoded)) > MAX_BYTES:
            return False
        keys = self._state.maker.keys_of_columns(ids, np.array(created, dtype=np.float64), fields)
        name = self._state.name
        changes = (Change(name, id, None, data, None, each) for id, data, each in zip(ids, encoded, keys, strict=True))
        self._write({id: place for id, (place, _) in zip(ids, rows, strict=True)}, changes, encoded, created)
        return True

    def _columns(self, columns: dict[str, list[Any]]) -> dict[str, list[Any]] | None:
        """Return columns of fields as the declaration accepts them, or None if it refuses one of them."""
        declared = self._state.stored.table.document
        if isinstance(declared, ObjectValidator):
            fields: Mapping[str, Validator] = declared.fields
            lacking = [name for name, field in fields.items() if not field.optional and name not in columns]
            if lacking or not columns.keys() <= fields.keys():
                return None
        elif declared is None and len(columns) <= MAX_FIELDS:
            fields = dict.fromkeys(columns, AnyValidator())
            try:
                check_field_names(columns, self._what)
            except ReactiveError:
                return None
        else:
            return None
        checked: dict[str, list[Any]] = {}
        for name, column in columns.items():
            checked[name], errors = fields[name].check_all(column, self._tx.numbers(), IN_DOCUMENT.inner)
            if errors:
                return None
        return checked

    def _are_new(self, ids: list[Any]) -> bool:
        """Whether these are ids of this table, all different, and of no document that is there or has arrived."""
        if {*map(type, ids)} != {str} or len({*ids}) < len(ids) or not self._places.keys().isdisjoint(ids):
            return False
        if not are_ids_of(self._state.stored.number, ids):
            return False
        return not self._keeps or all(self._state.get(id) is None for id in ids)

    def finish(self) -> None:
        """Record what has been looked at: whether there were documents with these ids."""
        if self._keeps and self._places:
            start, end = min(self._places), max(self._places)
            self._tx.reads.add(self._state.name, BY_ID, Interval(start.encode(), end.encode() + b"\0"))

    def _id(self, given: Any) -> str:
        number = self._state.stored.number
        if given is None:
            return encode_id(number, self._ids.next())
        if type(given) is not str:
            raise self._bad_id(f"its _id is {show(given)}", "a text")
        found, _ = decode_id(given)
        if found != number:
            other = self._tx.snapshot.name_of(found)
            whose = f"the table {other}" if other is not None else f"a table with the number {found}"
            raise self._bad_id(
                f"its _id {given} is of {whose}", f"an id of {self._state.name}, whose number is {number}"
            )
        before = self._places.get(given)
        if before is not None:
            raise self._bad_id(f"its _id {given} is that of {before} too", "each id once")
        if self._keeps and self._state.get(given) is not None:
            raise self._bad_id(f"there is a document {given} already", "ids that the table does not have")
        return given

    def _bad_id(self, thing: str, expected: str) -> InvalidId:
        return InvalidId(self._what, thing=thing, expected=expected, hint="Leave _id out, and it gets a new one")

    def _created(self, given: Any) -> float:
        if given is None:
            return self._tx.next_creation_ms()
        if not _is_time(given):
            raise DocumentValidationError(
                self._what,
                thing=f"its _creationTime is {show(given)}",
                expected="milliseconds since 1970",
                hint="Leave it out",
                path=f"$.{CREATION_TIME}",
            )
        return float(given)

    def _fields(self, fields: dict[str, Any]) -> dict[str, Any]:
        declared = self._state.stored.table.document
        try:
            if declared is not None:
                return declared.check(fields, "$", self._tx.numbers(), IN_DOCUMENT)  # type: ignore[return-value]
            check_field_names(fields, self._what)
            return normalize(fields, "$", IN_DOCUMENT)  # type: ignore[return-value]
        except (ValidationError, InvalidValue) as error:
            kind = DocumentValidationError if isinstance(error, ValidationError) else InvalidValue
            raise kind(
                self._what, thing=error.thing, expected=error.expected, hint=error.hint, path=error.path
            ) from None

    def _with_own_numbers(self, value: Any) -> Any:
        """Return a value with the ids of renumbered tables as they are here, wherever they stand."""
        if type(value) is str:
            if len(value) in _ID_LENGTHS:
                try:
                    number, entropy = decode_id(value)
                except InvalidId:
                    return value
                if number in self._renumbered:
                    return encode_id(self._renumbered[number], entropy)
        elif type(value) is dict:
            return {self._with_own_numbers(name): self._with_own_numbers(item) for name, item in value.items()}
        elif type(value) is list:
            return [self._with_own_numbers(item) for item in value]
        return value

    def _check_unique(self, change: Change, document: dict[str, Any], place: str) -> None:
        state, maker = self._state, self._state.maker
        assert change.new_keys is not None
        for position in maker.unique:
            index = state.stored.table.find(maker.names[position])
            assert index is not None
            if exempt_from_unique(document, index):
                continue
            for key in each_key(change.new_keys[position]):
                prefix = field_prefix(key, change.id.encode())
                holder = self._by_unique_key.get((position, prefix))
                existing = None
                if holder is None and self._keeps:
                    interval = prefix_interval(prefix)
                    self._tx.reads.add(state.name, index.name, interval)
                    found = state.map(index.name).first(*interval)
                    if found is not None:
                        existing = decode_document(found[1])[ID]
                        holder = f"document {existing}"
                if holder is not None:
                    raise self._not_unique(index.name, index.fields, holder, existing, change.id)
                self._by_unique_key[position, prefix] = place

    def _not_unique(
        self, index: str, fields: tuple[str, ...], holder: str, existing: str | None, id: str
    ) -> ReactiveError:
        return UniqueViolation(
            self._what,
            thing=f"the unique index {self._state.name}.{index} holds its {', '.join(fields)} already, in {holder}",
            expected="values that no other document of the table has",
            hint="Change the values, or leave the document out",
            table=self._state.name,
            index=index,
            existing=existing,
            id=id,
        )


def _is_time(given: Any) -> bool:
    return type(given) in (int, float) and abs(given) <= _LAST_MS  # which NaN is not either
