"""The intake: columns of a frame become checked documents, and changes of a transaction, a column at a time.

Comes in: a part of a frame, and the table it goes into. Goes out: the transaction holds one change per row, with the same
bytes and keys as `ctx.db.insert` would have made; and an error for each row that the table refuses.

What a hole of the frame becomes is decided by the field it is for:

1. optional: the field is missing; 2. nullable: null; 3. a number for which the frame has NaN: NaN, which a number may
be; 4. anything else: the row is refused. In a field that takes no float a NaN is a hole too, whatever the frame calls it.

A float that is whole becomes an int where only ints are accepted, for pandas makes floats of ints beside holes. An
array of numpy becomes a list where the field takes no vector, for pandas has arrays for lists.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, repeat
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from reactive_nb.clock import IdSource
from reactive_nb.documents.document import (
    CREATION_TIME,
    ID,
    MAX_BYTES,
    SYSTEM_FIELDS,
    check_field_names,
    decode_document,
    encode_document,
)
from reactive_nb.documents.index_key import each_key, exempt_from_unique, field_prefix
from reactive_nb.documents.interval import prefix_interval
from reactive_nb.documents.snapshot import Change, TableState
from reactive_nb.errors import (
    DocumentValidationError,
    InvalidValue,
    ReactiveError,
    ReservedName,
    UniqueViolation,
    ValidationError,
)
from reactive_nb.schema.declaration import Table
from reactive_nb.tables.frames import Column, Frame
from reactive_nb.transaction.transaction import Transaction
from reactive_nb.values import wire
from reactive_nb.values.containers import ArrayValidator, RecordValidator
from reactive_nb.values.ids import encode_ids
from reactive_nb.values.refusal import show
from reactive_nb.values.scalars import AnyValidator, Validator, VectorValidator
from reactive_nb.values.shapes import ObjectValidator, OptionalValidator, UnionValidator
from reactive_nb.values.value import IN_DOCUMENT, UNSET, normalize

if TYPE_CHECKING:
    from numpy.typing import NDArray

Errors = dict[int, ReactiveError]
"""By row, why a table refuses it."""

_EXACT = 2**53


class Intake:
    """Takes the parts of one frame, in order, into one table in one transaction.

    After `take` the transaction must only be committed or abandoned: its own reads do not see what was taken.

    Args:
        tx: The transaction.
        state: The table, as the transaction sees it; nothing else has been written to it.
        ids: Where ids come from.

    Attributes:
        errors: The rows refused so far. Their numbers are those of the whole frame.
        taken: How many rows were accepted.
    """

    def __init__(self, tx: Transaction, state: TableState, ids: IdSource) -> None:
        self.errors: Errors = {}
        self.taken = 0
        self._tx = tx
        self._state = state
        self._ids = ids
        self._what = f"Cannot insert into {state.name}"
        # By unique index and field values, the row that has them.
        self._rows_by_key: dict[tuple[int, bytes], int] = {}
        tx.reads.add_declaration(state.name)

    def take(self, part: Frame, first_row: int = 0) -> None:
        """Check the rows of a part, and write those that are accepted.

        Raises:
            DocumentValidationError: The frame lacks a column, or has one that is no field.
            InvalidValue: A column's name can name no field.
            ReservedName: It brings its own `_id` or `_creationTime`.
        """
        columns, errors = checked(part, self._state.stored.table, self._tx.numbers(), self._what)
        rows = [row for row in range(part.rows) if row not in errors]
        if errors:
            columns = {name: _picked(column, rows) for name, column in columns.items()}
        ids = encode_ids(self._state.stored.number, _entropies(self._ids, len(rows)))
        created_ms = _creation_times(self._tx.last_creation_ms, len(rows))
        documents = _encoded(ids, created_ms, columns)
        keys = self._state.maker.keys_of_columns(
            ids,
            created_ms,
            {name: each.values if each.moments is None else each.moments for name, each in columns.items()},
        )
        changes = list(map(Change, repeat(self._state.name), ids, repeat(None), documents, repeat(None), keys))
        refused = self._too_large(documents) | self._not_unique(rows, changes, columns, first_row)
        for position, change in enumerate(changes):
            if position not in refused:
                self._tx.writes.add(change)
        self.taken += len(rows) - len(refused)
        if rows:
            self._tx.last_creation_ms = float(created_ms[-1])
        errors |= {rows[position]: error for position, error in refused.items()}
        self.errors |= {first_row + row: errors[row] for row in sorted(errors)}

    def _too_large(self, documents: list[bytes]) -> Errors:
        if max(map(len, documents), default=0) <= MAX_BYTES:
            return {}
        errors: Errors = {}
        for position, document in enumerate(documents):
            if len(document) > MAX_BYTES:
                try:
                    encode_document(decode_document(document), self._what)
                except InvalidValue as error:
                    errors[position] = error
        return errors

    def _not_unique(
        self, rows: list[int], changes: list[Change], columns: Mapping[str, Column], first_row: int
    ) -> Errors:
        """Return which changes a unique index refuses; each look at it is recorded, as for a single insert."""
        maker = self._state.maker
        errors: Errors = {}
        for position in maker.unique:
            index = self._state.stored.table.find(maker.names[position])
            assert index is not None
            roots = [root for root in dict.fromkeys(path[0] for path in index.paths()) if root in columns]
            values = [columns[root].values for root in roots]
            entries = self._state.map(index.name)
            for at, (change, *row) in enumerate(zip(changes, *values, strict=True)):
                document = {root: value for root, value in zip(roots, row, strict=True) if value is not UNSET}
                if at in errors or exempt_from_unique(document, index):
                    continue
                assert change.new_keys is not None
                prefixes = [field_prefix(key, change.id.encode()) for key in each_key(change.new_keys[position])]
                for prefix in prefixes:
                    interval = prefix_interval(prefix)
                    self._tx.reads.add(self._state.name, index.name, interval)
                    other = self._rows_by_key.get((position, prefix))
                    found = entries.first(*interval) if other is None else None
                    if other is None and found is None:
                        continue
                    existing = None if found is None else decode_document(found[1])[ID]
                    holder = f"row {other}" if existing is None else f"document {existing!s}"
                    shown = ", ".join(
                        f"{field} = {show(document.get(field.partition('.')[0]))}" for field in index.fields
                    )
                    errors[at] = UniqueViolation(
                        self._what,
                        thing=f"the unique index {self._state.name}.{index.name} already holds {shown} in {holder}",
                        expected="values that no other document of the table has",
                        hint="Change the value, or leave the row out",
                        table=self._state.name,
                        index=index.name,
                        existing=existing,
                        id=change.id,
                    )
                    break
                else:
                    # Without what a later index refuses: such a row may then hold a place that it does not get, and
                    # the row after it is refused with the row before it as reason. Both are to be corrected.
                    self._rows_by_key |= {(position, prefix): first_row + rows[at] for prefix in prefixes}
        return errors


def checked(part: Frame, table: Table, numbers: Mapping[str, int], what: str) -> tuple[dict[str, Column], Errors]:
    """Return the columns of a frame as fields that a table accepts, and the rows it refuses.

    Args:
        part: The frame, or some rows of it.
        table: The declaration.
        numbers: The number of each table by its name.
        what: What is being done, for errors.

    Raises:
        DocumentValidationError: The frame lacks a column, or has one that is no field.
        InvalidValue: A column's name can name no field.
        ReservedName: It brings its own `_id` or `_creationTime`.
    """
    for name in SYSTEM_FIELDS & part.columns.keys():
        raise ReservedName(
            what,
            thing=f"the frame brings its own {name}",
            expected="columns without _id and _creationTime",
            hint=f"Leave it out, with frame.drop(columns={name!r}); the engine chooses it",
        )
    errors: Errors = {
        row: DocumentValidationError(
            what, thing=f"it is {show(thing)}", expected="a mapping of fields", hint="Pass a dict", path="$"
        )
        for row, thing in part.strangers.items()
    }
    declared = table.document
    if isinstance(declared, ObjectValidator):
        columns = _check_fields(part, declared, numbers, what, errors)
    elif declared is None:
        check_field_names(dict.fromkeys(part.columns), what)
        normalize(dict.fromkeys(part.columns), "$", IN_DOCUMENT)
        columns = {
            name: _check_column(name, column, OptionalValidator(AnyValidator()), part, numbers, what, errors)
            for name, column in part.columns.items()
        }
    else:
        columns = _check_documents(part, declared, numbers, what, errors)
    return columns, errors


# ------------------------------------------------------------------ checking


def _check_fields(
    part: Frame, declared: ObjectValidator, numbers: Mapping[str, int], what: str, errors: Errors
) -> dict[str, Column]:
    unknown = [name for name in part.columns if name not in declared.fields]
    if unknown and part.is_typed:
        raise DocumentValidationError(
            what,
            thing=f"the frame has the column{'s' * (len(unknown) > 1)} {', '.join(unknown)}",
            expected=f"only {', '.join(declared.fields)}",
            hint=f"Rename them, leave them out with frame.drop(columns={unknown}), or declare them",
            path=f"$.{unknown[0]}",
        )
    columns: dict[str, Column] = {}
    for name, column in part.columns.items():
        if name in declared.fields:
            columns[name] = _check_column(name, column, declared.fields[name], part, numbers, what, errors)
            continue
        for row, value in enumerate(column.values):  # of a list of dicts: whoever wrote this one may have misspelt it
            if value is not UNSET and row not in errors:
                errors[row] = DocumentValidationError(
                    what,
                    thing=f"{show(name)} is not a declared field",
                    expected=f"only {', '.join(declared.fields)}",
                    hint="Correct the name, leave it out, or declare it",
                    path=f"$.{name}",
                )
    lacking = [name for name, field in declared.fields.items() if not field.optional and name not in part.columns]
    if lacking and part.is_typed and part.rows:
        raise DocumentValidationError(
            what,
            thing=f"the frame has no column {', '.join(lacking)}",
            expected=declared.describe(),
            hint="Add what is lacking, or declare it v.optional(...)",
            path=f"$.{lacking[0]}",
        )
    for name in lacking:
        for row in range(part.rows):
            errors.setdefault(row, _missing(name, declared.fields[name], what))
    return columns


def _check_column(
    name: str,
    column: Column,
    field: Validator,
    part: Frame,
    numbers: Mapping[str, int],
    what: str,
    errors: Errors,
) -> Column:
    """Return a column as values of a field, and note the rows in which it is refused; those keep anything."""
    values = column.values
    takes_float = field.accepts(float)
    holes: Sequence[int] = column.holes
    kinds = set(map(type, values))
    if float in kinds and not takes_float:
        holes = [row for row, value in enumerate(values) if value is None or (type(value) is float and value != value)]
    if holes:
        values = values.copy()
        for row in holes:
            if field.optional:
                values[row] = UNSET
            elif field.accepts(type(None)):
                values[row] = None
            elif not (takes_float and type(values[row]) is float):
                values[row] = UNSET
    if float in kinds and not takes_float and field.accepts(int) and part.is_typed:
        values = [int(value) if _is_whole(value) else value for value in values]
    if kinds & _CONTAINERS:
        values = [_for_field(field, value, part.is_typed) for value in values]
    if not field.optional and type(UNSET) in set(map(type, values)):
        for row, value in enumerate(values):
            if value is UNSET:
                errors.setdefault(row, _missing(name, field, what))
    values, refused = field.check_all(values, numbers, IN_DOCUMENT.inner)
    for row, error in refused.items():
        errors.setdefault(row, _about(error, name, what))
    is_same = values is column.values and not refused
    return Column(values, (), column.moments if is_same else None)


def _is_whole(value: Any) -> bool:
    return type(value) is float and value.is_integer() and -_EXACT <= value <= _EXACT


def _for_field(field: Validator, value: Any, is_typed: bool) -> Any:
    """Return a value with lists for arrays that are no vectors, and of a typed column without nulls that say "missing".

    Both at any depth: a struct in a column has all its fields, and null is what it has for an optional one.
    """
    if isinstance(field, OptionalValidator):
        return _for_field(field.inner, value, is_typed)
    if isinstance(value, np.ndarray) and value.dtype.kind in _LISTS and not _is_vector(field, value):
        value = value.tolist()
    if type(value) not in _CONTAINERS or isinstance(field, VectorValidator):
        return value
    if isinstance(field, UnionValidator):
        own = [
            member for member in field.members if isinstance(member, ObjectValidator | ArrayValidator | RecordValidator)
        ]
        field = own[0] if len(own) == 1 else AnyValidator()
    if type(value) is list:
        if not _CONTAINERS & set(map(type, value)):
            return value
        items = field.items if isinstance(field, ArrayValidator) else AnyValidator()
        return [_for_field(items, item, is_typed) for item in value]
    if type(value) is dict:
        fields = field.fields if isinstance(field, ObjectValidator) else {}
        others = field.values if isinstance(field, RecordValidator) else AnyValidator()
        return {
            name: _for_field(fields.get(name, others), item, is_typed)
            for name, item in value.items()
            if item is not None or not is_typed or name not in fields or not fields[name].optional
        }
    return value


_LISTS = "biufOU"
"""The kinds of numpy's types whose items are values: not those of times, which would become numbers."""
_CONTAINERS = {dict, list, np.ndarray, np.ma.MaskedArray}


def _is_vector(field: Validator, array: NDArray[Any]) -> bool:
    """Whether an array is to be a vector in a field: it is one of floats, and the field takes vectors or anything."""
    members = field.members if isinstance(field, UnionValidator) else (field,)
    return (
        array.dtype.kind == "f"
        and array.ndim == 1
        and not isinstance(array, np.ma.MaskedArray)
        and any(isinstance(member, VectorValidator | AnyValidator) for member in members)
    )


def _check_documents(
    part: Frame, declared: Validator, numbers: Mapping[str, int], what: str, errors: Errors
) -> dict[str, Column]:
    """Check whole rows, for a union of objects: what a hole becomes depends on what its row is.

    A row is tried without its holes, and then with null where some member has a field that may not be missing.
    """
    members = declared.members if isinstance(declared, UnionValidator) else (declared,)
    fields: dict[str, list[Validator]] = {}
    for member in members:
        if isinstance(member, ObjectValidator):
            for name, field in member.fields.items():
                fields.setdefault(name, []).append(field)
    nulls = {name for name, found in fields.items() if any(not each.optional for each in found)}
    nulls -= {name for name, found in fields.items() if not any(each.accepts(type(None)) for each in found)}
    floats = {name for name, found in fields.items() if any(each.accepts(float) for each in found)}
    holes: dict[int, list[str]] = {}
    columns: list[list[Any]] = []
    for name, column in part.columns.items():
        values = column.values
        found = set(column.holes)
        if name not in floats:
            found.update([row for row, value in enumerate(values) if type(value) is float and value != value])
        if found:
            values = values.copy()
            for row in found:
                values[row] = UNSET
                if name in nulls:
                    holes.setdefault(row, []).append(name)
        if _CONTAINERS & set(map(type, values)):
            field = UnionValidator(tuple(fields.get(name, [AnyValidator()])))
            values = [_for_field(field, value, part.is_typed) for value in values]
        columns.append(values)
    results: list[Any] = []
    for row in range(part.rows):
        document = {
            name: values[row] for name, values in zip(part.columns, columns, strict=True) if values[row] is not UNSET
        }
        tries = [document, document | dict.fromkeys(holes[row])] if row in holes else [document]
        refused: list[InvalidValue | ValidationError] = []
        for attempt in tries:
            try:
                results.append(declared.check(attempt, "$", numbers, IN_DOCUMENT))
                break
            except (ValidationError, InvalidValue) as error:
                refused.append(error)
        else:
            errors.setdefault(row, _about(refused[0], "", what))
            results.append({})
    return {name: Column([result.get(name, UNSET) for result in results]) for name in part.columns}


def _missing(name: str, field: Validator, what: str) -> DocumentValidationError:
    return DocumentValidationError(
        what,
        thing=f"{name} is missing",
        expected=field.describe(),
        hint="Fill it in, or declare it v.optional(...)",
        path=f"$.{name}",
    )


def _about(error: InvalidValue | ValidationError, name: str, what: str) -> ReactiveError:
    """Return the error of a value as one of its row, in which it stands in the column `name`."""
    kind = DocumentValidationError if isinstance(error, ValidationError) else InvalidValue
    thing = (name + error.thing.removeprefix("$")).removeprefix(".")
    path = f"$.{name}{error.path.removeprefix('$')}" if name else error.path
    return kind(what, thing=thing, expected=error.expected, hint=error.hint, path=path)


# ------------------------------------------------------------------ documents


def _picked(column: Column, rows: list[int]) -> Column:
    values = column.values
    return Column([values[row] for row in rows], (), None if column.moments is None else column.moments[rows])


def _entropies(ids: IdSource, count: int) -> list[bytes]:
    """Return 16 fresh bytes for each of many documents, ascending, laid out as `IdSource.next` lays them out.

    Two calls of the source are stretched to all of them by a cryptographic hash, in a tenth of the time of as many calls.
    """
    first = ids.next()
    noise = hashlib.shake_256(first + ids.next() + ids.seed().to_bytes(8, "big")).digest(10 * count)
    moment = first[:6]
    return [moment + each for each in sorted([noise[at : at + 10] for at in range(0, len(noise), 10)])]


def _creation_times(last_ms: float, count: int) -> NDArray[np.float64]:
    """Return the next creation times after one: each the next float, as `Transaction.next_creation_ms` gives them."""
    if last_ms < 0:  # before 1970 the bits of later times are smaller
        return np.array([*accumulate(repeat(math.inf, count), math.nextafter, initial=last_ms)][1:])
    bits = int(np.float64(last_ms).view(np.int64))
    return np.arange(bits + 1, bits + 1 + count, dtype=np.int64).view(np.float64)


def _encoded(ids: list[str], created_ms: Any, columns: Mapping[str, Column]) -> list[bytes]:
    """Return the bytes of documents, the same as those of dicts.

    A msgspec struct is encoded as a map of its fields in order, without those that are unset. It is made from a row
    in a third of the time of a dict.
    """
    names = [ID, CREATION_TIME, *columns]
    fields = {f"f{position}": name for position, name in enumerate(names)}
    row = msgspec.defstruct("Row", [(field, Any) for field in fields], rename=fields, gc=False)
    values: list[Iterable[Any]] = [_or_nothing(column.values) for column in columns.values()]
    encode: Callable[[Any], bytes] = wire.encode
    return list(map(encode, map(row, ids, created_ms.tolist(), *values)))


def _or_nothing(values: list[Any]) -> list[Any]:
    if type(UNSET) in set(map(type, values)):
        return [msgspec.UNSET if value is UNSET else value for value in values]
    return values
