"""Any documents of any table come back from a file as they were."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.documents.document import decode_document
from reactive_nb.engine import Engine
from reactive_nb.errors import InvalidValue
from reactive_nb.schema.declaration import Table
from reactive_nb.tables.transfer import arrivals
from tests.engine.loading import everything, stored
from tests.strategies import documents, values

FIELDS = {
    "any": (v.any(), values()),
    "number": (v.number(), st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats())),
    "int": (v.int64(), st.integers(-(2**63), 2**63 - 1)),
    "text": (v.string(), st.text(max_size=5)),
    "flag": (v.boolean(), st.booleans()),
    "bytes": (v.bytes(), st.binary(max_size=5)),
    "at": (v.datetime(), st.datetimes(timezones=st.just(UTC))),
    "vector": (v.vector(2), st.lists(st.floats(-1e9, 1e9, width=32), min_size=2, max_size=2)),
    "either": (v.union(v.datetime(), v.string(), v.int64()), st.one_of(st.datetimes(timezones=st.just(UTC)), st.text(max_size=3), st.integers(0, 3))),
    "null": (v.nullable(v.int64()), st.one_of(st.none(), st.integers(0, 3))),
    "items": (v.array(v.number()), st.lists(st.one_of(st.integers(0, 3), st.floats()), max_size=3)),
    "record": (v.record(v.string(), v.datetime()), st.dictionaries(st.sampled_from(["a", "b"]), st.datetimes(timezones=st.just(UTC)), max_size=2)),
    "nested": (v.object(at=v.optional(v.datetime()), n=v.int64()), st.fixed_dictionaries({"n": st.integers(0, 3)}, optional={"at": st.datetimes(timezones=st.just(UTC))})),
}  # fmt: skip


@st.composite
def tables_with_documents(draw: st.DrawFn) -> tuple[Table, list[dict[str, Any]]]:
    chosen = draw(st.lists(st.sampled_from([*FIELDS]), unique=True, min_size=1, max_size=5))
    optional = draw(st.sets(st.sampled_from(chosen)))
    table = rnb.table(**{name: v.optional(FIELDS[name][0]) if name in optional else FIELDS[name][0] for name in chosen})
    fields = {name: FIELDS[name][1] for name in chosen}
    document = st.fixed_dictionaries(
        {name: value for name, value in fields.items() if name not in optional},
        optional={name: value for name, value in fields.items() if name in optional},
    )
    return table.index("by_first", chosen[0]), draw(st.lists(document, max_size=4))


@pytest.mark.slow
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    st.one_of(tables_with_documents(), st.tuples(st.just(Table(None)), st.lists(documents(), max_size=4))), st.data()
)
def test_any_documents_of_any_table_come_back(
    tmp_path: Path, case: tuple[Table, list[dict[str, Any]]], data: st.DataObject
) -> None:
    table, rows = case
    with rnb.connect() as db, rnb.connect() as copy, rnb.connect() as plain:
        db.define(things=table)
        plain.define(things=table)

        def fill(ctx: Any) -> None:
            for row in rows:
                ctx.db.insert("things", row)

        try:
            db.write(fill)
        except InvalidValue:
            return  # a value too deep, or a name that no field has
        db.export(tmp_path / "a.zip")
        db.export(tmp_path / "a.jsonl")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(arrivals, "_ALIKE", data.draw(st.sampled_from([1, 2, 64])))
            copy.load(tmp_path / "a.zip")
            plain.load(tmp_path / "a.jsonl", "things")

        assert everything(copy) == everything(db)
        assert stored(plain, "things") == stored(db, "things")
        plain._committer.head.check()


def test_what_is_stored_is_compared_as_it_is(db: Engine) -> None:
    """The comparison of this file sees an int beside its float."""
    db.define(numbers=rnb.table(n=v.number()))
    db.write(lambda ctx: [ctx.db.insert("numbers", {"n": n}) for n in (1, 1.0)])

    first, second = [decode_document(data)["n"] for data in stored(db, "numbers")]

    assert {type(first), type(second)} == {int, float}
