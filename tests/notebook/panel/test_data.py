"""The data browsers' kernel side: pages by any index, live; edits and what takes them back; where documents are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.errors import (
    ArgumentValidationError,
    DocumentNotFound,
    DocumentValidationError,
    EditConflict,
    InvalidId,
    ReactiveError,
    ReservedName,
    UniqueViolation,
    UnknownIndex,
    UnknownTable,
)
from reactive_nb.notebook.page.hub import Hub
from reactive_nb.notebook.panel.data import Data
from reactive_nb.notebook.panel.panel import Databases
from tests.notebook.panel.page import FakePace, Page


class Browser:
    """A data browser of `t`, without its looks."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.sent: list[dict[str, Any]] = []
        self.hub = Hub(self.sent.append, FakePace, lambda act: act())
        self.data = Data(self.hub, Databases(self.hub, lambda: [engine]))
        self.page = Page(self.hub, self.sent, self.hub.flush)
        self.db = self.hub.name_of(engine)

    def ask(self, method: str, **params: Any) -> Any:
        return self.data.answer(method, {"db": self.db, "table": "scores", **params})

    def open(self, **params: Any) -> Any:
        opened = SimpleNamespace(**self.ask("open", **params))
        self.page.show("rows", opened.view)
        self.page.show("total", opened.total)
        return opened

    def rows(self, viewer: str = "rows") -> list[dict[str, Any]]:
        """Return the rows that a viewer would show if it knew nothing."""
        self.engine.settle()
        self.hub.flush()
        view = self.hub._sessions["page"].viewers[viewer].view
        assert view is not None
        return [row for _, row in self.hub.snapshot(view)["rows"]]

    def points(self) -> list[Any]:
        return [row.get("points") for row in self.rows()]

    @property
    def total(self) -> int:
        return int(self.rows("total")[0]["value"])

    def edit(self, opened: Any, id: str, column: str, raw: Any, base: Any) -> Any:
        target = self.hub._targets[opened.view]
        return target.answer("edit", {"key": id, "column": column, "raw": raw, "base": base})


@pytest.fixture
def db() -> Iterator[Engine]:
    with rnb.connect() as engine:
        engine.define(
            scores=rnb.table(
                player=v.string(), points=v.number(), note=v.optional(v.string()), friend=v.optional(v.id("scores"))
            )
            .index("by_points", "points")
            .index("by_player_and_points", "player", "points")
            .index("by_player", "player", unique=True)
        )
        yield engine


@pytest.fixture
def ids(db: Engine) -> list[str]:
    """Twenty players p00 to p19 with their number as points, added backwards."""

    def fill(ctx: Any) -> list[str]:
        return [ctx.db.insert("scores", {"player": f"p{n:02}", "points": n}) for n in reversed(range(20))][::-1]

    return db.write(fill, "fill")


@pytest.fixture
def browser(db: Engine, ids: list[str]) -> Browser:
    return Browser(db)


def get(db: Engine, id: str) -> Any:
    return db.read(lambda ctx: ctx.db.get(id))


# ------------------------------------------------------------------ pages


def test_a_table_opens_in_the_order_in_which_its_documents_were_made(browser: Browser) -> None:
    opened = browser.open(limit=3)

    assert (browser.points(), browser.total) == ([19, 18, 17], 20)
    assert [index["name"] for index in opened.indexes] == [
        "by_creation_time",
        "by_id",
        "by_points",
        "by_player_and_points",
        "by_player",
    ]
    assert [(field["name"], field["kind"]) for field in opened.inputs] == [("_creationTime", "datetime")]
    assert opened.is_editable


@pytest.mark.parametrize(
    ("asked", "points"),
    [
        ({"index": "by_points"}, [0, 1, 2]),
        ({"index": "by_points", "order": "desc"}, [19, 18, 17]),
        ({"index": "by_points", "offset": 17}, [17, 18, 19]),
        ({"index": "by_points", "from": {"text": "5"}, "to": {"text": "6.5"}}, [5, 6]),
        ({"index": "by_points", "equal": {"points": {"text": "7"}}}, [7]),
        ({"index": "by_points", "from": {"text": "5"}, "offset": 3}, [8, 9, 10]),
        ({"index": "by_player_and_points", "equal": {"player": {"text": "p04"}}}, [4]),
        (
            {"index": "by_player_and_points", "equal": {"player": {"text": "p04"}}, "from": {"text": "5"}},
            [],
        ),
        ({"index": "by_player_and_points", "from": {"text": "p18"}, "to": {"missing": True}}, [18, 19]),
    ],
)
def test_a_page_of_a_range_of_an_index(browser: Browser, asked: Any, points: list[int]) -> None:
    browser.open(limit=3, **asked)

    assert browser.points() == points


def test_the_total_is_that_of_the_range(browser: Browser) -> None:
    browser.open(index="by_points", limit=3, **{"from": {"text": "12"}})

    assert browser.total == 8


def test_a_range_of_times_is_given_in_times(browser: Browser, db: Engine, ids: list[str]) -> None:
    made = datetime.fromtimestamp(get(db, ids[10])["_creationTime"] / 1000 + 3600, UTC)

    browser.open(**{"from": {"text": made.isoformat()}})

    assert browser.points() == []


def test_positions_behind_the_end_are_the_last_page(browser: Browser) -> None:
    opened = browser.open(offset=900, limit=8)

    assert (opened.offset, len(browser.rows())) == (16, 4)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"index": "by_points", "from": {"text": "many"}}, "from"),
        ({"index": "by_points", "to": {"text": "many"}}, "to"),
        ({"index": "by_points", "equal": {"points": {"text": "many"}}}, "=points"),
        ({"index": "by_player_and_points", "equal": {"points": {"text": "3"}}}, "=player"),
        ({"index": "by_id", "equal": {"_id": {"text": "x"}}, "to": {"text": "y"}}, "to"),
    ],
)
def test_a_refused_range_names_its_input(browser: Browser, asked: Any, field: str) -> None:
    with pytest.raises(ArgumentValidationError) as refused:
        browser.open(**asked)

    assert refused.value.field == field  # type: ignore[attr-defined]


def test_no_such_table_and_no_such_index_are_said(browser: Browser) -> None:
    with pytest.raises(UnknownTable, match="Cannot read the table nowhere"):
        browser.open(table="nowhere")
    with pytest.raises(UnknownIndex, match="Cannot read scores by index 'by_luck'"):
        browser.open(index="by_luck")


def test_pages_and_totals_are_live(browser: Browser, db: Engine, ids: list[str]) -> None:
    browser.open(index="by_points", limit=3)
    db.write(lambda ctx: ctx.db.patch(ids[1], {"points": 100}), "other")

    assert (browser.points(), browser.total) == ([0, 2, 3], 20)

    db.write(lambda ctx: ctx.db.delete(ids[0]), "other")

    assert (browser.points(), browser.total) == ([2, 3, 4], 19)


def test_a_change_behind_the_page_does_not_run_it_again(browser: Browser, db: Engine, ids: list[str]) -> None:
    opened = browser.open(index="by_points", limit=3)
    before = browser.data._results[opened.view].runs
    db.write(lambda ctx: ctx.db.patch(ids[15], {"points": 100}), "other")
    db.settle()

    assert browser.data._results[opened.view].runs == before


def test_nobody_else_sees_what_a_browser_keeps_true(browser: Browser, db: Engine) -> None:
    browser.open()

    assert (db.lives(), db.functions(), db.subscriptions()) == ([], [], [])


def test_what_is_closed_runs_no_more(browser: Browser, db: Engine) -> None:
    opened = browser.open()
    held = len(db._refresher.holds())
    browser.ask("close", views=[opened.view, opened.total, "v999"])

    assert (held, db._refresher.holds()) == (2, [])


@pytest.mark.parametrize("from_end", [False, True])
def test_documents_filed_under_several_elements_come_once(db: Engine, from_end: bool) -> None:
    db.define(papers=rnb.table(tags=v.array(v.string())).index("by_tag", "tags", multi=True))
    db.table("papers").insert([{"tags": ["a", "b"]}, {"tags": ["b", "c"]}, {"tags": ["c"]}])
    browser = Browser(db)
    opened = browser.open(table="papers", index="by_tag", offset=1, limit=1, order="desc" if from_end else "asc")

    assert [row["tags"] for row in browser.rows()] == [["b", "c"]]
    assert [field["kind"] for field in opened.inputs] == ["text", "datetime"]

    browser.open(table="papers", index="by_tag", equal={"tags": {"text": "b"}})

    assert (len(browser.rows()), browser.total) == (2, 2)


def test_a_table_without_a_declaration_is_read_by_what_its_documents_hold(db: Engine) -> None:
    db.define(notes=rnb.table().index("by_kind", "kind"))
    db.table("notes").insert([{"kind": "a", "n": 1}, {"kind": "b", "m": None}])
    browser = Browser(db)
    opened = browser.open(table="notes", index="by_kind", equal={"kind": {"text": "b"}})

    assert [row["kind"] for row in browser.rows()] == ["b"]
    assert [field["kind"] for field in opened.inputs] == ["text", "datetime"]
    assert [(field["name"], field["kind"]) for field in opened.insert] == [("document", "json")]


@pytest.mark.parametrize("table", ["_tables", "_storage", "_crons", "_environment"])
def test_the_engines_own_tables_can_be_read_only(browser: Browser, table: str) -> None:
    opened = browser.open(table=table)

    assert (opened.is_editable, opened.insert) == (False, None)
    assert [row["name"] for row in browser.rows()] == (["scores"] if table == "_tables" else [])
    with pytest.raises(ReactiveError):
        browser.ask("insert", table=table, values={"name": {"text": "x"}})


def test_documents_of_the_engine_cannot_be_deleted(browser: Browser) -> None:
    browser.open(table="_tables")
    (row,) = browser.rows()

    with pytest.raises(ReservedName):
        browser.ask("delete", table="_tables", ids=[row["_id"]])


# ------------------------------------------------------------------ an earlier commit


def test_an_earlier_commit_is_shown_as_it_was_and_stays_so(browser: Browser, db: Engine, ids: list[str]) -> None:
    before = db.ts
    db.write(lambda ctx: [ctx.db.delete(id) for id in ids[:15]], "other")
    opened = browser.open(index="by_points", at=before, limit=2, offset=2)

    assert (browser.points(), browser.total, opened.is_editable) == ([2, 3], 20, False)

    db.write(lambda ctx: ctx.db.delete(ids[17]), "other")

    assert (browser.points(), browser.total) == ([2, 3], 20)
    with pytest.raises(ReactiveError, match="the table is not editable"):
        browser.edit(opened, ids[2], "points", {"text": "3"}, 2)


# ------------------------------------------------------------------ edits


def test_an_edit_changes_the_document_and_can_be_undone_and_redone(
    browser: Browser, db: Engine, ids: list[str]
) -> None:
    opened = browser.open()
    edited = browser.edit(opened, ids[3], "points", {"text": "33"}, 3)

    assert (get(db, ids[3])["points"], edited) == (33, {"ts": db.ts, "undo": True})
    assert (db.commits()[-1].function, db.commits()[-1].origin) == ("edit", "the data browser of scores")

    undone = browser.ask("undo", ts=edited["ts"])

    assert (get(db, ids[3])["points"], undone["undo"]) == (3, True)
    assert db.commits()[-1].function == "undo"

    redone = browser.ask("undo", ts=undone["ts"], redo=True)

    assert (get(db, ids[3])["points"], redone["undo"]) == (33, True)
    assert db.commits()[-1].function == "redo"


def test_an_edit_that_the_table_refuses_says_why_and_changes_nothing(
    browser: Browser, db: Engine, ids: list[str]
) -> None:
    opened = browser.open()
    before = db.ts

    with pytest.raises(ArgumentValidationError, match="points"):
        browser.edit(opened, ids[3], "points", {"text": "three"}, 3)
    with pytest.raises(DocumentValidationError, match="friend"):
        browser.edit(opened, ids[3], "friend", {"text": "nobody"}, None)
    with pytest.raises(UniqueViolation, match="by_player"):
        browser.edit(opened, ids[3], "player", {"text": "p04"}, "p03")
    with pytest.raises(ArgumentValidationError, match="which never change"):
        browser.edit(opened, ids[3], "_id", {"text": "x"}, ids[3])
    with pytest.raises(DocumentValidationError, match="luck"):
        browser.edit(opened, ids[3], "luck", {"text": "7"}, None)

    assert db.ts == before


def test_an_edit_of_what_somebody_has_changed_meanwhile_is_refused(
    browser: Browser, db: Engine, ids: list[str]
) -> None:
    opened = browser.open()
    db.write(lambda ctx: ctx.db.patch(ids[3], {"points": 4}), "other")

    with pytest.raises(EditConflict) as refused:
        browser.edit(opened, ids[3], "points", {"text": "33"}, 3)

    assert refused.value.theirs == 4


def test_an_optional_field_can_be_given_and_taken_away(browser: Browser, db: Engine, ids: list[str]) -> None:
    opened = browser.open()
    browser.edit(opened, ids[0], "note", {"text": "hello"}, None)
    given = get(db, ids[0])["note"]
    browser.edit(opened, ids[0], "note", {"missing": True}, "hello")

    assert (given, "note" in get(db, ids[0])) == ("hello", False)


def test_the_columns_are_the_declared_ones_also_where_no_document_has_them(browser: Browser) -> None:
    opened = browser.open()
    view = browser.hub._views.get(opened.view)
    assert view is not None
    snapshot = browser.hub.snapshot(view)

    assert snapshot["columns"] == ["player", "points", "note", "friend", "_creationTime", "_id"]
    assert set(snapshot["inputs"]) == {"player", "points", "note", "friend"}
    assert snapshot["inputs"]["note"]["optional"]


def test_without_a_declaration_a_column_takes_what_the_page_shows_in_it(db: Engine) -> None:
    db.table("notes").insert([{"a": 1, "b": "x"}, {"a": "one", "c": True}])
    browser = Browser(db)
    opened = browser.open(table="notes")
    view = browser.hub._views.get(opened.view)
    assert view is not None
    inputs = browser.hub.snapshot(view)["inputs"]

    assert {name: field["kind"] for name, field in inputs.items()} == {"a": "json", "b": "text", "c": "boolean"}

    (first, _) = browser.rows()
    browser.edit(opened, first["_id"], "a", {"text": '{"n": 2}'}, 1)

    assert get(db, first["_id"])["a"] == {"n": 2}


def test_documents_are_found_for_a_field_of_ids(browser: Browser, ids: list[str]) -> None:
    opened = browser.open()
    found = browser.hub._targets[opened.view].answer("pick", {"field": "friend", "text": "p07"})

    assert [option["id"] for option in found["options"]] == [ids[7]]
    assert browser.ask("pick", text="p07") == found


# ------------------------------------------------------------------ insert, delete, undo


def test_a_document_is_inserted_and_that_can_be_undone(browser: Browser, db: Engine) -> None:
    browser.open()
    made = browser.ask("insert", values={"player": {"text": "new"}, "points": {"text": "5"}})

    assert {**get(db, made["id"]), "_id": 0, "_creationTime": 0} == {
        "_id": 0,
        "_creationTime": 0,
        "player": "new",
        "points": 5,
    }

    browser.ask("undo", ts=made["ts"])

    assert get(db, made["id"]) is None


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"player": {"text": "new"}}, "$.points"),
        ({"player": {"text": "new"}, "points": {"text": "x"}}, "$.points"),
        ({"player": {"text": "p"}, "points": {"text": "1"}, "friend": {"text": "x"}}, "$.friend"),
    ],
)
def test_a_refused_document_names_its_input(browser: Browser, db: Engine, values: Any, path: str) -> None:
    before = db.ts
    with pytest.raises(ReactiveError) as refused:
        browser.ask("insert", values=values)

    assert (refused.value.path, db.ts) == (path, before)  # type: ignore[attr-defined]


def test_a_document_of_any_shape_is_inserted_as_json(db: Engine) -> None:
    db.define(notes=rnb.table())
    browser = Browser(db)
    made = browser.ask("insert", table="notes", values={"document": {"text": '{"a": [1, 2]}'}})

    assert get(db, made["id"])["a"] == [1, 2]
    with pytest.raises(DocumentValidationError, match="a mapping of fields"):
        browser.ask("insert", table="notes", values={"document": {"text": "3"}})


def test_deleted_documents_come_back_as_they_were(browser: Browser, db: Engine, ids: list[str]) -> None:
    browser.open(index="by_points", limit=3)
    before = [get(db, id) for id in ids]
    deleted = browser.ask("delete", ids=[ids[1], ids[2], ids[1]])

    assert (deleted["count"], browser.points(), browser.total) == (2, [0, 3, 4], 18)

    browser.ask("undo", ts=deleted["ts"])

    assert [get(db, id) for id in ids] == before
    db.check()


def test_deleting_is_all_or_nothing(browser: Browser, db: Engine, ids: list[str]) -> None:
    db.write(lambda ctx: ctx.db.delete(ids[2]), "other")

    with pytest.raises(DocumentNotFound):
        browser.ask("delete", ids=[ids[1], ids[2]])

    assert get(db, ids[1]) is not None


@pytest.mark.parametrize("meddle", ["patch", "delete", "insert"])
def test_undoing_what_somebody_has_changed_since_is_refused(
    browser: Browser, db: Engine, ids: list[str], meddle: str
) -> None:
    opened = browser.open()
    if meddle == "insert":
        done = browser.ask("delete", ids=[ids[3]])
        browser.ask("undo", ts=done["ts"])
    else:
        done = browser.edit(opened, ids[3], "points", {"text": "33"}, 3)
        other = {"patch": lambda ctx: ctx.db.patch(ids[3], {"note": "x"}), "delete": lambda ctx: ctx.db.delete(ids[3])}
        db.write(other[meddle], "other")
    before = db.ts

    with pytest.raises(EditConflict) as refused:
        browser.ask("undo", ts=done["ts"])

    word = {"patch": "changed", "delete": "deleted", "insert": "made again"}[meddle]
    assert refused.value.thing == f"the document {ids[3]} of scores has been {word} since"
    assert db.ts == before


def test_only_what_a_browser_did_can_be_undone(browser: Browser, db: Engine) -> None:
    with pytest.raises(ReactiveError, match="it was not made in a data browser"):
        browser.ask("undo", ts=db.ts)


def test_an_undo_that_the_table_refuses_by_now_says_why(browser: Browser, db: Engine, ids: list[str]) -> None:
    deleted = browser.ask("delete", ids=[ids[3]])
    db.write(lambda ctx: ctx.db.insert("scores", {"player": "p03", "points": 1}), "other")

    with pytest.raises(UniqueViolation, match=f"^Cannot undo commit {deleted['ts']}"):
        browser.ask("undo", ts=deleted["ts"])


# ------------------------------------------------------------------ finding, history


def test_a_document_is_found_where_the_browser_looks(browser: Browser, ids: list[str]) -> None:
    assert browser.ask("find", id=ids[7], index="by_points") == {"table": "scores", "offset": 7}
    assert browser.ask("find", id=ids[7], index="by_points", order="desc") == {"table": "scores", "offset": 12}
    part = {"index": "by_points", "from": {"text": "5"}}
    assert browser.ask("find", id=ids[7], **part) == {"table": "scores", "offset": 2}
    assert browser.ask("find", id=ids[3], **part) == {"table": "scores", "offset": None}


def test_a_document_of_another_table_is_found_in_its_own(browser: Browser, ids: list[str]) -> None:
    assert browser.ask("find", id=ids[7], table="_tables", index="by_id") == {"table": "scores", "offset": 12}


def test_what_is_no_document_is_not_found(browser: Browser, db: Engine, ids: list[str]) -> None:
    db.write(lambda ctx: ctx.db.delete(ids[3]), "other")

    with pytest.raises(DocumentNotFound, match=ids[3]):
        browser.ask("find", id=ids[3])
    with pytest.raises(InvalidId):
        browser.ask("find", id="general")


def test_the_history_of_a_document_says_what_each_commit_changed(browser: Browser, db: Engine, ids: list[str]) -> None:
    opened = browser.open()
    browser.edit(opened, ids[3], "points", {"text": "33"}, 3)
    browser.edit(opened, ids[3], "note", {"text": "x"}, None)
    browser.ask("delete", ids=[ids[3]])
    told = browser.ask("history", id=ids[3])

    assert (told["table"], told["is_whole"]) == ("scores", True)
    assert [(each["ts"], each["function"], each["change"]) for each in told["versions"]] == [
        (5, "delete", "deleted"),
        (4, "edit", "changed"),
        (3, "edit", "changed"),
        (2, "fill", "inserted"),
    ]
    assert [each["fields"] for each in told["versions"]] == [
        [
            {"field": "player", "before": "p03"},
            {"field": "points", "before": 33},
            {"field": "note", "before": "x"},
        ],
        [{"field": "note", "after": "x"}],
        [{"field": "points", "before": 3, "after": 33}],
        [{"field": "player", "after": "p03"}, {"field": "points", "after": 3}],
    ]


def test_at_an_earlier_commit_the_history_ends_there(browser: Browser, db: Engine, ids: list[str]) -> None:
    db.write(lambda ctx: ctx.db.patch(ids[3], {"points": 4}), "other")

    assert [each["ts"] for each in browser.ask("history", id=ids[3], at=2)["versions"]] == [2]


def test_there_is_no_history_of_what_never_was(browser: Browser, ids: list[str]) -> None:
    with pytest.raises(ReactiveError):
        browser.ask("history", id="general")


def test_a_request_that_is_not_understood_says_what_there_is(browser: Browser) -> None:
    with pytest.raises(ReactiveError, match="Cannot dance in a data browser"):
        browser.ask("dance")
