"""The panel's functions: what each item says, and the runner: forms, single runs, live queries, the past."""

from __future__ import annotations

import gc
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb.engine.engine import Engine
from reactive_nb.errors import ArgumentValidationError, FunctionKindError, ReactiveError, UnknownFunction
from reactive_nb.notebook.page.hub import Hub
from reactive_nb.notebook.panel.functions import FunctionsArea, items
from reactive_nb.notebook.panel.panel import Databases
from tests.notebook.panel.page import FakePace, Page


class Desk:
    """A database with one function of each kind, and a page that runs them."""

    def __init__(self, db: Engine) -> None:
        self.db = db
        db.define(messages=rnb.table(body=rnb.v.string(), likes=rnb.v.number()))

        @db.query
        def liked(ctx: Any, least: int = 0) -> list[Any]:
            """Messages with so many likes.

            Or more.
            """
            return [each for each in ctx.db.query("messages").collect() if each["likes"] >= least]

        @db.mutation
        def post(ctx: Any, body: str, likes: int = 0) -> str:
            return str(ctx.db.insert("messages", {"body": body, "likes": likes}))

        @db.internal_action
        def import_all(ctx: Any, **options: Any) -> int:
            for done in range(2):
                ctx.progress(done, 2, "reading")
            return len(options)

        self.liked, self.post = liked, post
        self.sent: list[dict[str, Any]] = []
        self.paces: list[FakePace] = []
        self.hub = Hub(self.sent.append, self.pace, lambda act: act())
        self.page = Page(self.hub, self.sent, lambda: self.paces[0].flush())
        databases = Databases(self.hub, lambda: [db])
        self.name = next(iter(databases.all()))
        self.area = FunctionsArea(self.hub, databases)

    def pace(self, flush: Any) -> FakePace:
        self.paces.append(FakePace(flush))
        return self.paces[-1]

    def ask(self, method: str, path: str, **params: Any) -> Any:
        return self.area.answer(method, {"db": self.name, "path": path, **params})


@pytest.fixture
def desk(db: Engine) -> Desk:
    return Desk(db)


def least(number: int) -> dict[str, Any]:
    return {"least": {"text": str(number)}}


# ------------------------------------------------------------------ the list


def test_an_item_says_what_it_takes_what_it_does_and_where_it_is(desk: Desk) -> None:
    live = desk.liked.live()

    found = items(desk.db, None)

    assert list(found) == ["import_all", "liked", "post"]
    item = found["liked"]
    assert item["place"].startswith("test_functions.py:")
    assert item["file"].endswith("test_functions.py")
    facts = {name: item[name] for name in ("kind", "internal", "args", "doc", "cell", "runs_live", "takes_any")}
    assert facts == {
        "kind": "query",
        "internal": False,
        "args": [{"name": "least", "type": "an int", "optional": True}],
        "doc": "Messages with so many likes.",
        "cell": None,
        "runs_live": 1,
        "takes_any": False,
    }
    assert (found["import_all"]["kind"], found["import_all"]["internal"]) == ("action", True)
    live.close()


def test_functions_of_cells_are_not_listed(desk: Desk) -> None:
    desk.db.mutation(name="cell:abc")(lambda ctx: None)

    assert "cell:abc" not in items(desk.db, None)


# ------------------------------------------------------------------ forms


def test_its_form_is_that_of_the_widget(desk: Desk) -> None:
    spec = desk.ask("form", "post")["spec"]

    assert (spec["title"], spec["kind"]) == ("post", "mutation")
    assert [(field["name"], field["kind"], field["optional"]) for field in spec["fields"]] == [
        ("body", "long", False),
        ("likes", "integer", True),
    ]


def test_a_mutation_runs_once_and_its_commit_names_the_panel_s_form(desk: Desk) -> None:
    answer = desk.ask("submit", "post", values={"body": {"text": "hi"}, "likes": {"text": "3"}})

    assert answer["ts"] == desk.db.ts
    assert [each["body"] for each in desk.liked()] == ["hi"]
    assert desk.db.commits(1)[0].origin == "the form of post"


def test_a_refusal_names_its_argument(desk: Desk) -> None:
    before = desk.db.ts
    with pytest.raises(ArgumentValidationError) as refused:
        desk.ask("submit", "post", values={"body": {"text": "hi"}, "likes": {"text": "many"}})

    assert (refused.value.path, desk.db.ts) == ("$.likes", before)


def test_an_action_runs(desk: Desk) -> None:
    assert desk.ask("submit", "import_all", values={})["result"] == 0


# ------------------------------------------------------------------ queries


def test_a_query_runs_live_and_its_rows_follow_commits(desk: Desk) -> None:
    desk.post("low", 1)
    answer = desk.ask("run", "liked", values=least(2))
    desk.page.show("place", answer["view"])
    assert [row for _, row in desk.page.entries("place")[0]["rows"]] == []

    desk.post("high", 5)
    desk.db.settle()

    (entry,) = desk.page.entries("place")
    assert [op["row"]["body"] for op in entry["ops"]] == ["high"]
    assert desk.db.lives() == []  # it is the panel's own


def test_what_it_shows_at_first_comes_with_the_answer(desk: Desk) -> None:
    desk.post("high", 5)

    answer = desk.ask("run", "liked", values=least(0))

    (row,) = (row for _, row in answer["snapshot"]["rows"])
    assert (row["body"], answer["snapshot"]["title"], answer["ts"]) == ("high", "liked(least=0)", desk.db.ts)


def test_a_page_may_ask_for_a_whole_cell_of_it(desk: Desk) -> None:
    id = desk.post("high", 5)
    view = desk.ask("run", "liked", values=least(0))["view"]
    desk.page.show("place", view)

    desk.hub.on_message(
        {
            "type": "Request",
            "page": "page",
            "id": 1,
            "target": view,
            "method": "cell",
            "params": {"key": id, "column": "body"},
        }
    )

    assert desk.sent[-1]["result"] == {"text": "high"}


@pytest.mark.slow
def test_a_run_ends_when_another_takes_its_place_when_it_is_stopped_and_when_nobody_shows_it(desk: Desk) -> None:
    first = desk.ask("run", "liked", values=least(1))["view"]
    assert len(desk.db.subscriptions()) == 1
    second = desk.ask("run", "liked", values=least(2), instead=first)["view"]
    gc.collect()
    assert [each.call for each in desk.db.subscriptions()] == ["liked(least=2)"]

    desk.area.answer("stop", {"view": second})

    assert desk.db.subscriptions() == []


def test_arguments_that_do_not_fit_leave_the_run_before(desk: Desk) -> None:
    first = desk.ask("run", "liked", values=least(1))["view"]

    with pytest.raises(ArgumentValidationError):
        desk.ask("run", "liked", values={"least": {"text": "x"}}, instead=first)

    assert len(desk.db.subscriptions()) == 1


def test_a_query_that_raises_is_shown_with_its_error(desk: Desk) -> None:
    desk.db.query(name="broken")(lambda ctx: 1 / 0)

    snapshot = desk.ask("run", "broken", values={})["snapshot"]

    assert (snapshot["state"], snapshot["error"]) == (
        "failed",
        {"name": "ZeroDivisionError", "message": "division by zero"},
    )


# ------------------------------------------------------------------ the past


def test_at_a_commit_a_query_shows_what_it_was_then(desk: Desk) -> None:
    desk.post("old", 5)
    then = desk.db.ts
    desk.post("new", 5)

    answer = desk.ask("run", "liked", values=least(0), at=then)
    desk.page.show("place", answer["view"])
    desk.post("newer", 5)
    desk.db.settle()

    (entry,) = desk.page.entries("place")
    assert [row["body"] for _, row in entry["rows"]] == ["old"]
    assert (entry["state"], entry["ts"], answer["ts"]) == ("closed", then, then)


def test_at_a_commit_a_query_that_raises_is_shown_with_its_error(desk: Desk) -> None:
    desk.db.query(name="broken")(lambda ctx: 1 / 0)

    snapshot = desk.ask("run", "broken", values={}, at=desk.db.ts)["snapshot"]

    assert snapshot["error"]["name"] == "ZeroDivisionError"


def test_at_a_commit_nothing_is_changed(desk: Desk) -> None:
    before = desk.db.ts

    with pytest.raises(FunctionKindError, match="The past can only be read"):
        desk.ask("submit", "post", values={"body": {"text": "hi"}}, at=before)
    with pytest.raises(FunctionKindError, match="it is a mutation"):
        desk.ask("run", "post", values={"body": {"text": "hi"}})

    assert desk.db.ts == before


def test_what_a_page_asks_in_vain_is_refused(desk: Desk) -> None:
    with pytest.raises(UnknownFunction):
        desk.ask("form", "nothing")
    with pytest.raises(ReactiveError, match="does not do"):
        desk.ask("explode", "post")
