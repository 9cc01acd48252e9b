"""Scripts that once failed, shrunk and named for the behaviour; see `explore.py` for how they were found."""

from __future__ import annotations

import reactive_nb as rnb
from reactive_nb.errors import InvalidId
from reactive_nb.functions.context import QueryContext
from reactive_nb.schema.declaration import Index
from tests.properties.explore import replay
from tests.properties.scripts import Insert, Patch, Read
from tests.properties.test_reactivity_oracle import Declare, Hold, LiveQueries, Write
from tests.properties.test_serialisability import NOTES, Begin, CommitBatch, Do, OneCommitter

KINDS = {"a": "number", "b": "string", "m.x": "number", "n": "number", "tags": "string"}
BY_A, BY_N = Index("i0", ("a",)), Index("i0", ("n",))
BLUE = Declare("blue", KINDS, (BY_A,))


def red(*indexes: Index) -> Declare:
    return Declare("red", KINDS, indexes)


def test_a_failed_look_at_an_unknown_table_conflicts_with_its_creation() -> None:
    replay(
        OneCommitter,
        [
            Begin(0, 0),
            Do(0, Read(NOTES, "by_id")),  # raises UnknownIndex
            Do(0, Insert("items", {"a": 1})),
            Begin(0, 0),
            Do(1, Insert(NOTES, {"a": 0})),
            CommitBatch([1]),
            CommitBatch([0]),
        ],
    )


def test_a_query_of_an_unknown_index_recovers_when_it_is_declared() -> None:
    replay(LiveQueries, [red(), BLUE, Hold(Read("red", "i0")), red(BY_A)])


def test_a_query_whose_bounds_do_not_fit_the_index_recovers_when_it_is_declared_otherwise() -> None:
    replay(LiveQueries, [red(BY_N), BLUE, Hold(Read("red", "i0", lower=("gt", "a", 0))), red(BY_A)])


def test_an_empty_range_and_nothing_taken_depend_on_the_declaration() -> None:
    empty = Read("red", "i0", lower=("gt", "a", 1), upper=("lt", "a", 0))
    nothing = Read("red", "i0", how="take", size=0)
    replay(LiveQueries, [red(BY_A), BLUE, Hold(empty), Hold(nothing), red()])


def test_a_query_that_a_filter_failed_recovers_when_the_document_is_changed() -> None:
    failing = Read("red", where="n is odd", how="take", size=2)
    without_n, with_n = Write([[Insert("red", {"a": 1})]]), Write([[Patch(0, {"n": 1}, "red")]])
    replay(LiveQueries, [red(), BLUE, without_n, Hold(failing), with_n])


def test_pages_begin_anew_when_their_index_gets_other_fields() -> None:
    paged = Read("red", "i0", how="paginate", size=1)
    first, second = Insert("red", {"a": 2, "n": 1}), Insert("red", {"a": 1, "n": 2})
    replay(LiveQueries, [red(BY_A), BLUE, Write([[first], [second]]), Hold(paged), red(BY_N)])


def test_what_a_query_says_of_an_id_changes_when_the_table_is_dropped() -> None:
    def refused(ctx: QueryContext, id: str) -> str:
        try:
            return str(ctx.db.get("blue", id))
        except InvalidId as error:
            return error.thing

    with rnb.connect() as db:
        db.define(red=rnb.table(), blue=rnb.table())
        with db.transaction() as tx:
            id = tx.db.insert("red", {})
        normalized = db.query(lambda ctx, id: ctx.db.normalize_id("red", id)).live(id=id)
        got = db.query(refused).live(id=id)
        assert (normalized.value, got.value) == (id, "it belongs to the table red")

        db.drop("red")
        db.settle()

        assert (normalized.value, got.value) == (None, "None")
