"""The database as a value: every index, after any changes, is a scan and sort of the documents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.documents import snapshot
from reactive_nb.documents.document import decode_document, encode_document
from reactive_nb.documents.index_key import each_key
from reactive_nb.documents.interval import ALL
from reactive_nb.documents.ordered_map import OrderedMap
from reactive_nb.documents.snapshot import TABLES_TABLE, Change, Documents, Snapshot, TableState
from reactive_nb.schema.declaration import TABLES, Index, StoredTable, Table

BY_A = Index("by_a", ("a",))
BY_NESTED = Index("by_nested", ("meta.b", "a"))
BY_TAG = Index("by_tag", ("tags", "a"), multi=True)
UNIQUE_A = Index("unique_a", ("a",), unique=True)
INDEXES = (BY_A, BY_NESTED, BY_TAG, UNIQUE_A)

small = st.sampled_from([None, 0, 1, 1.0, "", "x", "x\0"])
fields = st.fixed_dictionaries(
    {}, optional={"a": small, "meta": st.fixed_dictionaries({}, optional={"b": small}), "tags": st.lists(small)}
)
# Three documents written again and again: None deletes.
histories = st.lists(st.dictionaries(st.sampled_from(["i1", "i2", "i3"]), st.none() | fields, min_size=1), max_size=6)


def stored(*indexes: Index, number: int = 10001) -> StoredTable:
    return StoredTable("t", number, Table(None, indexes))


def whole(id: str, own: dict[str, Any]) -> dict[str, Any]:
    return {"_id": id, "_creationTime": float(id[1:]), **own}


def change(state: TableState, id: str, own: dict[str, Any] | None) -> Change | None:
    """What writing these fields, or deleting, does to one document."""
    old = state.get(id)
    new = None if own is None else encode_document(whole(id, own), "")
    if old == new:
        return None
    return Change(
        state.name,
        id,
        old,
        new,
        None if old is None else state.maker.keys(decode_document(old)),
        None if own is None else state.maker.keys(whole(id, own)),
    )


def written(state: TableState, batch: dict[str, dict[str, Any] | None]) -> TableState:
    changes = [each for id, own in batch.items() if (each := change(state, id, own)) is not None]
    return state.apply(changes)[0]


def after(state: TableState, history: Iterable[dict[str, dict[str, Any] | None]]) -> TableState:
    for batch in history:
        state = written(state, batch)
    return state


def documents_after(history: list[dict[str, dict[str, Any] | None]]) -> dict[str, dict[str, Any]]:
    documents: dict[str, dict[str, Any]] = {}
    for batch in history:
        for id, own in batch.items():
            documents.pop(id, None)
            if own is not None:
                documents[id] = whole(id, own)
    return documents


def scan_and_sort(state: TableState, index: str, documents: dict[str, dict[str, Any]]) -> list[tuple[bytes, bytes]]:
    entries = [
        (key, encode_document(document, ""))
        for document in documents.values()
        for key in each_key(state.maker.keys(document)[state.maker.position[index]])
    ]
    return sorted(entries)


def contents(state: TableState) -> dict[str, list[tuple[bytes, bytes]]]:
    return {name: list(state.map(name).items(*ALL)) for name in state.maker.names}


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(histories)
def test_every_index_is_a_scan_and_sort_of_the_documents(history: list[dict[str, dict[str, Any] | None]]) -> None:
    state = after(TableState.empty(stored(*INDEXES)), history)

    documents = documents_after(history)
    assert contents(state) == {name: scan_and_sort(state, name, documents) for name in state.maker.names}
    assert state.size == len(documents)
    Snapshot(1, {"t": state}).check()


@settings(max_examples=40, deadline=None)
@given(histories, st.sets(st.sampled_from(INDEXES)), st.sets(st.sampled_from(INDEXES)))
def test_a_table_declared_anew_equals_one_built_so(
    history: list[dict[str, dict[str, Any] | None]], before: set[Index], now: set[Index]
) -> None:
    declared = stored(*sorted(now, key=lambda index: index.name))
    state = after(TableState.empty(stored(*before)), history)

    assert contents(state.redeclared(declared)) == contents(after(TableState.empty(declared), history))


def test_an_index_of_the_same_name_and_other_fields_is_filled_again() -> None:
    state = after(TableState.empty(stored(Index("by_it", ("a",)))), [{"i1": {"a": 1, "b": 2}, "i2": {"a": 2, "b": 1}}])

    again = state.redeclared(stored(Index("by_it", ("b",))))

    assert [decode_document(data)["b"] for _, data in again.map("by_it").items(*ALL)] == [1, 2]


@settings(max_examples=40, deadline=None)
@given(histories, histories)
def test_a_table_loaded_index_by_index_equals_an_eager_one(
    history: list[dict[str, dict[str, Any] | None]], more: list[dict[str, dict[str, Any] | None]]
) -> None:
    eager = after(TableState.empty(stored(*INDEXES)), history)
    lazy = TableState.lazy(eager.stored, eager.map)

    assert contents(after(lazy, more)) == contents(after(eager, more))
    assert contents(lazy) == contents(eager)


def test_an_index_is_loaded_when_it_is_first_needed_and_only_once() -> None:
    eager = after(TableState.empty(stored(BY_A, BY_TAG)), [{"i1": {"a": 1, "tags": ["x"]}}])
    loaded: list[str] = []

    def load(index: str) -> Documents:
        loaded.append(index)
        return eager.map(index)

    lazy = TableState.lazy(eager.stored, load)
    assert loaded == []

    lazy.map("by_a")
    lazy.map("by_a")
    assert loaded == ["by_a"]

    written(lazy, {"i1": None})
    assert loaded == ["by_a", "by_id", "by_creation_time", "by_tag"]


@settings(max_examples=40, deadline=None)
@given(histories, histories)
def test_an_earlier_state_stays_as_it_was(
    history: list[dict[str, dict[str, Any] | None]], more: list[dict[str, dict[str, Any] | None]]
) -> None:
    state = after(TableState.empty(stored(*INDEXES)), history)
    before = contents(state)

    after(state, more)

    assert contents(state) == before


def test_the_touched_keys_are_those_a_document_leaves_and_enters() -> None:
    state = after(TableState.empty(stored(BY_A, BY_TAG)), [{"i1": {"a": 1, "tags": ["x", "y"]}}])
    edit = change(state, "i1", {"a": 2, "tags": ["y", "z"]})
    assert edit is not None
    assert edit.old_keys is not None
    assert edit.new_keys is not None

    _, touched = state.apply([edit])

    assert touched["by_id"] == [b"i1"]
    assert touched["by_a"] == sorted([*each_key(edit.old_keys[2]), *each_key(edit.new_keys[2])])
    assert touched["by_tag"] == sorted([*each_key(edit.old_keys[3]), *each_key(edit.new_keys[3])])


# ------------------------------------------------------------------ all tables


def declaration(id: str, table: StoredTable, old: dict[str, Any] | None = None, dropped: bool = False) -> Change:
    maker = TableState.empty(TABLES_TABLE).maker
    new = whole(id, table.to_document(dropped))
    return Change(
        TABLES,
        id,
        None if old is None else encode_document(old, ""),
        encode_document(new, ""),
        None if old is None else maker.keys(old),
        maker.keys(new),
    )


def test_a_declaration_makes_a_table_and_names_its_number() -> None:
    created = declaration("i1", stored(BY_A))
    empty = Snapshot.empty()

    snapshot, touched, _ = empty.apply(1, [created], empty.redeclared_by([created]))

    assert snapshot.ts == 1
    assert snapshot.numbers == {TABLES: 1, "t": 10001}
    assert (snapshot.name_of(10001), snapshot.name_of(10002)) == ("t", None)
    assert snapshot.tables["t"].maker.names == ("by_id", "by_creation_time", "by_a")
    assert touched.keys() == {(TABLES, "by_id"), (TABLES, "by_creation_time"), (TABLES, "by_name")}
    assert empty.tables.keys() == {TABLES}
    snapshot.check()


def test_a_dropped_table_is_gone() -> None:
    created = declaration("i1", stored())
    empty = Snapshot.empty()
    snapshot, _, _ = empty.apply(1, [created], empty.redeclared_by([created]))
    dropped = declaration("i1", stored(), whole("i1", stored().to_document()), dropped=True)

    later, _, _ = snapshot.apply(2, [dropped], snapshot.redeclared_by([dropped]))

    assert later.tables.keys() == {TABLES}
    assert later.name_of(10001) is None
    later.check()


def test_numbers_stay_the_same_object_until_a_declaration_changes() -> None:
    created = declaration("i1", stored(BY_A))
    empty = Snapshot.empty()
    snapshot, _, _ = empty.apply(1, [created], empty.redeclared_by([created]))
    insert = change(snapshot.tables["t"], "i2", {"a": 1})
    assert insert is not None

    later, touched, _ = snapshot.apply(2, [insert], {})

    assert later.numbers is snapshot.numbers
    assert touched["t", "by_id"] == [b"i2"]
    assert later.tables[TABLES] is snapshot.tables[TABLES]


@pytest.mark.parametrize("index", ["by_creation_time", "by_a", "by_tag"])
def test_check_fails_when_an_index_is_not_its_documents(index: str) -> None:
    state = after(TableState.empty(stored(BY_A, BY_TAG)), [{"i1": {"a": 1, "tags": ["x"]}, "i2": {"a": 2}}])
    maps = {name: state.map(name) for name in state.maker.names}
    keys, values = zip(*list(maps[index].items(*ALL))[1:], strict=True) if len(maps[index]) > 1 else ((), ())
    tampered = TableState(state.stored, state.maker, {**maps, index: OrderedMap.from_sorted(list(keys), list(values))})

    with pytest.raises(AssertionError, match=f"t.{index} is not its documents"):
        Snapshot(1, {"t": tampered}).check()


def test_many_inserts_copy_the_leaves_alone_that_they_go_into() -> None:
    empty = TableState.empty(stored(Index("by_n", ("n",))))
    rows = {f"i{number:04}": {"n": number % 5} for number in range(9000)}
    before = written(empty, dict(list(rows.items())[:4500]))

    table, _ = before.apply([each for id in list(rows)[4500:] if (each := change(before, id, rows[id])) is not None])

    for name, places in {"by_id": 1, "by_creation_time": 1, "by_n": 5}.items():
        _, gone = table.map(name).unshared(before.map(name))
        assert 0 < len(gone) <= places * OrderedMap.shape.leaf


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.lists(st.sampled_from(["x", "y"]), max_size=2)), max_size=12), st.data()
)
def test_many_inserts_at_once_are_the_same_as_one_by_one(
    rows: list[tuple[int, list[str]]], data: st.DataObject
) -> None:
    indexes = (Index("by_n", ("n",)), Index("by_tag", ("tags",), multi=True))
    batch: dict[str, dict[str, Any] | None] = {
        f"i{position:02}": {"n": n, "tags": tags} for position, (n, tags) in enumerate(rows)
    }
    first = dict(list(batch.items())[: data.draw(st.integers(0, len(batch)))])
    rest = [each for each in batch.items() if each[0] not in first]
    empty = TableState.empty(stored(*indexes))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshot, "_MANY", 1)
        begun = written(empty, first)
        changes = [each for id, own in data.draw(st.permutations(rest)) if (each := change(begun, id, own)) is not None]
        whole_table, touched = begun.apply(changes)

    one_by_one = after(empty, [{id: own} for id, own in batch.items()])

    for name in whole_table.maker.names:
        whole_table.map(name).check()
        assert list(whole_table.map(name).items(*ALL)) == list(one_by_one.map(name).items(*ALL))
        new = [key for each in changes for key in each_key((each.new_keys or ())[whole_table.maker.position[name]])]
        assert touched[name] == sorted(new)
