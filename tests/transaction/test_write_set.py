"""What a transaction's writes come to."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from reactive_nb.documents.snapshot import Change
from reactive_nb.transaction.write_set import WriteSet

KEYS = {b"old": (b"key of old",), b"new": (b"key of new",), b"newer": (b"key of newer",), None: None}


def change(id: str, old: bytes | None, new: bytes | None, table: str = "t") -> Change:
    return Change(table, id, old, new, KEYS[old], KEYS[new])


@dataclass
class Case:
    name: str
    written: list[Change]
    comes_to: list[Change]


CASES = [
    Case("nothing", [], []),
    Case("an insert", [change("a", None, b"new")], [change("a", None, b"new")]),
    Case(
        "an insert that is changed is an insert",
        [change("a", None, b"new"), change("a", b"new", b"newer")],
        [change("a", None, b"newer")],
    ),
    Case("an insert that is deleted is nothing", [change("a", None, b"new"), change("a", b"new", None)], []),
    Case(
        "two changes are one",
        [change("a", b"old", b"new"), change("a", b"new", b"newer")],
        [change("a", b"old", b"newer")],
    ),
    Case("a change and back is nothing", [change("a", b"old", b"new"), change("a", b"new", b"old")], []),
    Case(
        "a change and a delete is a delete",
        [change("a", b"old", b"new"), change("a", b"new", None)],
        [change("a", b"old", None)],
    ),
    Case(
        "documents are apart, in the order of their first write",
        [change("b", b"old", None), change("a", None, b"new"), change("c", None, b"new")],
        [change("b", b"old", None), change("a", None, b"new"), change("c", None, b"new")],
    ),
]


def written(case: Case) -> WriteSet:
    writes = WriteSet()
    for each in case.written:
        writes.add(each)
    return writes


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_writes_come_to(case: Case) -> None:
    writes = written(case)

    assert list(writes.changes()) == case.comes_to
    assert bool(writes) == bool(case.comes_to)
    assert {each.id: each for each in case.comes_to} == {id: writes.get(id) for id in "abc" if writes.get(id)}


def test_it_names_the_tables_written_to() -> None:
    writes = WriteSet()
    writes.add(change("a", None, b"new", "messages"))
    writes.add(change("b", None, b"new", "users"))
    writes.add(change("b", b"new", None, "users"))

    assert writes.tables() == {"messages"}


def test_a_table_declared_anew_is_a_write_of_its_own() -> None:
    writes = WriteSet()
    writes.redeclared["gone"] = None

    assert writes
    assert writes.changes() == ()


def test_a_copy_goes_its_own_way() -> None:
    writes = WriteSet()
    writes.add(change("a", None, b"new"))

    other = writes.copy()
    other.add(change("b", None, b"new"))
    other.redeclared["t"] = None

    assert [each.id for each in writes.changes()] == ["a"]
    assert not writes.redeclared
    assert [each.id for each in other.changes()] == ["a", "b"]
