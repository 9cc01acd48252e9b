"""Carrying out `db.define`: declarations stored, documents checked, indexes filled, in one transaction.

Documents that do not fit are reported with ids and counts, and then nothing has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from reactive_nb.clock import IdSource
from reactive_nb.documents.document import CREATION_TIME, ID, decode_document
from reactive_nb.documents.index_key import exempt_from_unique, field_prefix
from reactive_nb.documents.interval import ALL
from reactive_nb.documents.snapshot import TableState
from reactive_nb.errors import InvalidValue, SchemaError, SchemaMismatch, UnknownTable, ValidationError
from reactive_nb.schema.declaration import Index, Table, check_table_name
from reactive_nb.schema.evolution import Evolution, table_change
from reactive_nb.transaction.transaction import Transaction

SHOWN_MISFITS = 5


def define(tx: Transaction, ids: IdSource, tables: Mapping[str, Table]) -> Evolution:
    """Declare tables inside a transaction; tables not named stay as they are.

    Raises:
        SchemaError: Something that is not a declaration was given, or a name cannot be.
        SchemaMismatch: Stored documents do not fit.
    """
    changes = []
    for name, table in tables.items():
        check_table_name(name)
        if not isinstance(table, Table):
            raise SchemaError(
                f"Cannot define {name}",
                thing=f"{table!r} is not a declaration",
                expected="rnb.table(...)",
                hint="Wrap the fields in rnb.table(...)",
            )
        before = tx.declared(name)
        change = table_change(name, None if before is None else before.stored.table, table)
        if change is not None:
            changes.append(change)
            tx.declare(name, table, ids.next())
    misfits: dict[str, list[str]] = {}
    described: list[str] = []
    for change in changes:
        if change.created:
            continue
        state = tx.declared(change.name)
        assert state is not None
        faults = _misfits(tx, state) if change.checked else []
        unique = [index for index in change.filled if isinstance(index, Index) and index.unique]
        faults += [fault for index in unique for fault in _duplicates(state, index)]
        if faults:
            misfits[change.name] = [id for id, _ in faults]
            shown = "; ".join(f"{id}: {problem}" for id, problem in faults[:SHOWN_MISFITS])
            more = f"; and {len(faults) - SHOWN_MISFITS} more" if len(faults) > SHOWN_MISFITS else ""
            described.append(f"{len(faults)} of {state.size} documents of {change.name} do not fit ({shown}{more})")
    if misfits:
        raise SchemaMismatch(
            f"Cannot define {', '.join(misfits)}",
            thing="; ".join(described),
            expected="a declaration that every stored document fits",
            hint="Change those documents first, or declare the field so that it accepts them, with v.optional or "
            "v.union. Nothing was changed",
            misfits=misfits,
        )
    return Evolution(tuple(changes))


def drop(tx: Transaction, name: str) -> None:
    """Remove a table with all its documents.

    Raises:
        UnknownTable: There is no such table of a user.
    """
    if tx.declared(name) is None or name.startswith("_"):
        mine = sorted(table for table in tx.snapshot.tables if not table.startswith("_"))
        raise UnknownTable(
            f"Cannot drop {name!r}",
            thing="there is no such table",
            expected=f"one of {mine}" if mine else "a table, and there is none",
            hint="Nothing needs to be done if it was dropped before",
        )
    tx.drop(name)


def _misfits(tx: Transaction, state: TableState) -> list[tuple[str, str]]:
    """Return id and problem of every document that the table's declaration refuses."""
    validator = state.stored.table.document
    assert validator is not None
    numbers = tx.numbers()
    misfits = []
    for _, document in state.documents():
        id = document.pop(ID)
        del document[CREATION_TIME]
        try:
            validator.check(document, "$", numbers)
        except (ValidationError, InvalidValue) as error:
            misfits.append((id, f"{error.thing}, expected {error.expected}"))
    return misfits


def _duplicates(state: TableState, index: Index) -> list[tuple[str, str]]:
    """Return id and problem of every document whose values in a unique index another one has before it."""
    duplicates = []
    entries = (
        (field_prefix(key, document[ID].encode()), document)
        for key, data in state.map(index.name).items(*ALL)
        for document in [decode_document(data)]
    )
    for (before, first), (after, second) in pairwise(entries):
        if before == after and not exempt_from_unique(second, index):
            duplicates.append((second[ID], f"has the same {', '.join(index.fields)} as {first[ID]}"))
    return duplicates
