"""Forms: what is asked for a function, what is run when a page submits it, and how ids are found."""

from __future__ import annotations

import gc
import json
import threading
from collections.abc import Iterator
from typing import Any, Literal

import ipywidgets as w
import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.engine.recording import recording
from reactive_nb.errors import ArgumentValidationError, ReactiveError
from reactive_nb.functions.function import Function
from reactive_nb.notebook.page.channel import channel
from reactive_nb.notebook.widget import submission as module
from reactive_nb.notebook.widget.form import Form, form_of, form_parts
from reactive_nb.notebook.widget.submission import Submission

FlightId: Any = rnb.Id["flights"]


@pytest.fixture
def db() -> Iterator[Engine]:
    with rnb.connect() as engine:
        engine.define(flights=rnb.table(carrier=v.string(), dest=v.string(), delay=v.optional(v.number())))
        yield engine


@pytest.fixture
def delay(db: Engine) -> Function:
    @db.mutation
    def delay(ctx: Any, carrier: str, minutes: int = 10, urgent: bool = False, note: str | None = None) -> int:
        """Delay all flights of a carrier.

        They leave later then.
        """
        flights = ctx.db.query("flights").filter(rnb.col("carrier") == carrier).collect()
        for flight in flights:
            ctx.db.patch(flight["_id"], {"delay": minutes})
        return len(flights)

    return delay  # type: ignore[no-any-return]


def add(db: Engine, *carriers: str, dest: str = "SFO") -> list[str]:
    def body(ctx: Any) -> list[str]:
        return [ctx.db.insert("flights", {"carrier": carrier, "dest": dest}) for carrier in carriers]

    return db.write(body, "add")


def parts(db: Engine, function: Function, **options: Any) -> tuple[Submission, dict[str, Any]]:
    submission, spec = form_parts(db, function, options)
    json.dumps(spec)
    return submission, {field["name"]: field for field in spec["fields"]}


def test_a_form_asks_for_each_argument_in_its_order_and_starts_with_the_defaults(db: Engine, delay: Function) -> None:
    _, spec = form_parts(db, delay, {})

    fields = {field["name"]: field for field in spec["fields"]}
    assert (spec["title"], spec["label"], spec["kind"]) == ("delay", "Run", "mutation")
    assert spec["about"] == "Delay all flights of a carrier."
    assert [(name, field["kind"], field["optional"]) for name, field in fields.items()] == [
        ("carrier", "text", False),
        ("minutes", "integer", True),
        ("urgent", "boolean", False),
        ("note", "long", True),
    ]
    assert [field["initial"] for field in fields.values()] == [None, {"text": "10"}, {"flag": False}, {"null": True}]


def test_a_default_that_the_argument_does_not_accept_is_no_first_value(db: Engine) -> None:
    @db.query
    def latest(ctx: Any, limit: int = "all") -> list[Any]:  # type: ignore[assignment]
        return []

    assert parts(db, latest)[1]["limit"]["initial"] is None


def test_a_list_or_a_tuple_is_a_choice_and_anything_else_the_first_value(db: Engine, delay: Function) -> None:
    _, fields = parts(db, delay, carrier=["UA", "AA"], minutes=(5, 10, 20), note="late")

    assert fields["carrier"]["kind"] == "choice"
    assert (fields["carrier"]["choices"], fields["carrier"]["initial"]) == (["UA", "AA"], {"choice": 0})
    assert (fields["minutes"]["choices"], fields["minutes"]["initial"]) == (["5", "10", "20"], {"choice": 1})
    assert (fields["minutes"]["optional"], fields["note"]["initial"]) == (False, {"text": "late"})


def test_a_list_for_an_array_is_its_first_value(db: Engine) -> None:
    @db.query
    def named(ctx: Any, names: list[str], point: Any = None) -> list[Any]:
        return []

    _, fields = parts(db, named, names=["a", "b"], point=[1, 2])

    assert (fields["names"]["kind"], fields["names"]["initial"]) == ("json", {"text": '["a", "b"]'})
    assert (fields["point"]["kind"], fields["point"]["choices"]) == ("choice", ["1", "2"])


def test_submitting_runs_the_function_with_what_the_inputs_gave(db: Engine, delay: Function) -> None:
    add(db, "UA", "UA", "AA")
    submission, _ = parts(db, delay, carrier=["UA", "AA"])

    answer = submission.answer("submit", {"values": {
        "carrier": {"choice": 0}, "minutes": {"text": "25"}, "urgent": {"flag": True}, "note": {"missing": True},
    }})  # fmt: skip

    assert answer == {"result": 2, "ts": db.ts}
    delays = db.read(lambda ctx: [each.get("delay") for each in ctx.db.query("flights")])
    assert delays == [25, 25, None]


def test_a_commit_says_that_it_was_made_by_the_form(db: Engine, delay: Function) -> None:
    add(db, "UA")
    submission, _ = parts(db, delay, carrier=["UA"])
    values: dict[str, Any] = {name: {"missing": True} for name in ("minutes", "urgent", "note")}

    submission.answer("submit", {"values": {"carrier": {"choice": 0}, **values}})

    assert (db.commits()[-1].origin, db.attempts()[-1].origin) == ("the form of delay", "the form of delay")


def test_a_submission_answers_its_own_commit_and_not_a_later_one(db: Engine) -> None:
    @db.mutation
    def note(ctx: Any, text: str) -> None:
        if text:
            ctx.db.insert("notes", {"text": text})

    submission, _ = parts(db, note)
    # A busy writer: its commit comes before the answer is written.
    call = db.call

    def overtaken(function: Function, args: dict[str, Any]) -> Any:
        result = call(function, args)
        with_other_thread(lambda: add(db, "AA"))
        return result

    db.call = overtaken  # type: ignore[method-assign]

    first = submission.answer("submit", {"values": {"text": {"text": "a"}}})["ts"]
    assert [commit.function for commit in db.commits() if commit.ts == first] == ["note"]
    assert submission.answer("submit", {"values": {"text": {"text": ""}}})["ts"] == db.ts, "nothing written: the newest"


def with_other_thread(act: Any) -> None:
    thread = threading.Thread(target=act)
    thread.start()
    thread.join()


def test_a_form_made_in_a_reactive_cell_is_nothing_that_the_cell_follows(db: Engine, delay: Function) -> None:
    with recording() as calls:
        form_parts(db, delay, {"carrier": ["UA"], "minutes": 5})
        db.read(lambda ctx: 1)

    assert [call.function.path for call in calls] == [calls[0].function.path]


def test_what_is_left_out_takes_the_default(db: Engine, delay: Function) -> None:
    add(db, "UA")
    submission, _ = parts(db, delay, carrier=["UA"])

    values: dict[str, Any] = {name: {"missing": True} for name in ("minutes", "urgent", "note")}
    submission.answer("submit", {"values": {"carrier": {"choice": 0}, **values}})

    assert db.read(lambda ctx: ctx.db.query("flights").first()["delay"]) == 10


def test_a_query_gives_its_result_as_a_cell(db: Engine) -> None:
    @db.query
    def big(ctx: Any, n: int) -> int:
        return n * 2**40

    submission, _ = parts(db, big)

    answer = submission.answer("submit", {"values": {"n": {"text": "8192"}}})

    assert answer == {"result": {"$int": str(2**53)}, "ts": db.ts}


@pytest.mark.parametrize(
    ("values", "path", "thing"),
    [
        ({"carrier": {"text": "UA"}, "minutes": {"text": "soon"}}, "$.minutes", "$.minutes is 'soon' (str)"),
        ({"minutes": {"text": "5"}}, "$.carrier", "$.carrier is None, which no input of this kind gives"),
        ({"carrier": {"text": "UA"}, "minutes": {"text": str(2**70)}}, "$.minutes", "$.minutes is an int of 71 bits"),
    ],
)
def test_what_cannot_be_an_argument_is_told_with_its_place_and_runs_nothing(
    db: Engine, delay: Function, values: dict[str, Any], path: str, thing: str
) -> None:
    submission, _ = parts(db, delay)
    before = db.ts

    with pytest.raises(ArgumentValidationError) as caught:
        submission.answer("submit", {"values": {"urgent": {"flag": False}, "note": {"null": True}, **values}})

    assert (caught.value.path, caught.value.thing) == (path, thing)
    assert (caught.value.what, db.ts) == ("Cannot call delay", before)


@pytest.mark.parametrize("raw", [None, {"text": "UA"}, {"choice": 2}, {"choice": -1}])
def test_only_the_choices_that_were_given_can_be_submitted(db: Engine, delay: Function, raw: Any) -> None:
    submission, _ = parts(db, delay, carrier=["UA", "AA"])

    with pytest.raises(ArgumentValidationError, match=r"\$\.carrier is .*Expected one of the choices"):
        submission.answer("submit", {"values": {"carrier": raw}})


def test_a_widget_gives_its_value_at_submission_and_has_no_input(db: Engine) -> None:
    @db.query
    def both(ctx: Any, carrier: str, index: int) -> list[Any]:
        return [carrier, index]

    dropdown = w.Dropdown(options=["UA", "AA"])
    submission, fields = parts(db, both, carrier=dropdown, index=(dropdown, "index"))
    dropdown.value = "AA"

    assert fields == {}
    assert submission.answer("submit", {"values": {}})["result"] == ["AA", 1]


def test_a_widget_is_watched_no_longer_than_a_submission(db: Engine, delay: Function) -> None:
    dropdown = w.Dropdown(options=["UA", "AA"])
    before = {name: list(each) for name, each in dropdown._trait_notifiers.items()}

    submission, _ = parts(db, delay, carrier=dropdown)
    submission.answer("submit", {"values": {name: {"missing": True} for name in ("minutes", "urgent", "note")}})

    after = {
        name: {kind: len(each) for kind, each in kinds.items()} for name, kinds in dropdown._trait_notifiers.items()
    }
    assert sum(after.get("value", {}).values()) == len(before.get("value", []))


def test_a_widget_without_the_trait_is_an_error_of_the_cell(db: Engine, delay: Function) -> None:
    with pytest.raises(ArgumentValidationError, match="Dropdown has no trait 'values'"):
        form_parts(db, delay, {"carrier": (w.Dropdown(options=["UA"]), "values")})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"carier": "UA"},
            (
                "Cannot make a form of delay: 'carier' is not one of its arguments. Expected only carrier, minutes, urgent, "
                "note; and title and label for the form itself. Correct the name, or leave it out."
            ),
        ),
        (
            {"carrier": []},
            (
                "Cannot make a form of delay: carrier is an empty list. Expected at least one choice. "
                "Pass the choices, or leave the argument out."
            ),
        ),
        (
            {"minutes": "ten"},
            (
                "Cannot make a form of delay: $.minutes is 'ten' (str). Expected an int. "
                "Pass an int; v.number() takes floats too."
            ),
        ),
        (
            {"minutes": [5, "ten"]},
            (
                "Cannot make a form of delay: $.minutes is 'ten' (str). Expected an int. "
                "Pass an int; v.number() takes floats too."
            ),
        ),
        ({"title": 3}, "Cannot show delay: title is 3 (int). Expected a string. Pass title as a str."),
    ],
)
def test_a_mistake_shows_in_the_cell_that_makes_the_form(
    db: Engine, delay: Function, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ArgumentValidationError) as caught:
        form_parts(db, delay, options)

    assert str(caught.value) == message


def test_an_argument_named_title_is_an_argument(db: Engine) -> None:
    @db.query
    def book(ctx: Any, title: str) -> str:
        return title

    _, spec = form_parts(db, book, {"title": "Emma", "label": "Find"})

    assert (spec["title"], spec["label"]) == ("book", "Find")
    assert spec["fields"][0]["initial"] == {"text": "Emma"}


def test_a_function_that_takes_any_argument_is_asked_with_those_that_are_named(db: Engine) -> None:
    @db.query
    def echo(ctx: Any, **args: Any) -> Any:
        return args

    submission, fields = parts(db, echo, colour=["red", "blue"])

    assert list(fields) == ["colour"]
    assert submission.answer("submit", {"values": {"colour": {"choice": 1}}})["result"] == {"colour": "blue"}


def test_a_function_that_was_defined_again_runs_as_it_is_now(db: Engine, delay: Function) -> None:
    submission, _ = parts(db, delay)

    @db.mutation(name="delay")
    def other(ctx: Any, carrier: str) -> str:
        return f"not {carrier}"

    values: dict[str, Any] = {name: {"missing": True} for name in ("minutes", "urgent", "note")}
    answer = submission.answer("submit", {"values": {"carrier": {"text": "UA"}, **values}})

    assert answer["result"] == "not UA"


# ------------------------------------------------------------------ picking a document


@pytest.fixture
def cancel(db: Engine) -> Submission:
    @db.mutation
    def cancel(ctx: Any, flight: FlightId, why: Literal["snow", "strike"] = "snow") -> None:
        ctx.db.delete(flight)

    return form_parts(db, cancel, {})[0]


def pick(submission: Submission, text: str, field: str = "flight") -> tuple[list[str], bool]:
    answer = submission.answer("pick", {"field": field, "text": text})
    return [option["label"] for option in answer["options"]], answer["more"]


def test_documents_are_found_by_their_texts_newest_first(db: Engine, cancel: Submission) -> None:
    add(db, "UA")
    add(db, "AA", "ua2", dest="BOS")

    assert pick(cancel, "") == (["ua2 · BOS", "AA · BOS", "UA · SFO"], False)
    assert pick(cancel, " uA ") == (["ua2 · BOS", "UA · SFO"], False)
    assert pick(cancel, "xyz") == ([], False)


def test_a_document_is_found_by_its_id_alone(db: Engine, cancel: Submission) -> None:
    ids = add(db, "UA", "AA")

    answer = cancel.answer("pick", {"field": "flight", "text": f" {ids[0]} "})

    assert answer == {"options": [{"id": ids[0], "label": "UA · SFO"}], "more": False}


def test_at_most_twenty_are_offered_and_more_says_so(db: Engine, cancel: Submission) -> None:
    add(db, *(f"C{n}" for n in range(21)))

    assert pick(cancel, "c") == ([f"C{n} · SFO" for n in range(20, 0, -1)], True)
    assert pick(cancel, "C1")[1] is False


def test_only_the_newest_are_looked_at_and_more_says_so(
    db: Engine, cancel: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(db, "UA", "AA", "BB")
    monkeypatch.setattr(module, "MAX_LOOKED_AT", 2)

    assert pick(cancel, "UA") == ([], True)
    monkeypatch.setattr(module, "MAX_LOOKED_AT", 3)
    assert pick(cancel, "UA") == (["UA · SFO"], False)


def test_a_document_without_texts_is_called_by_its_id(db: Engine, cancel: Submission) -> None:
    [id] = add(db, "", dest=" ")

    assert pick(cancel, "") == ([id], False)


def test_a_deleted_document_and_the_id_of_another_table_are_not_found(db: Engine, cancel: Submission) -> None:
    [id] = add(db, "UA")
    cancel.answer("submit", {"values": {"flight": {"text": id}, "why": {"choice": 1}}})
    other = db.write(lambda ctx: ctx.db.insert("notes", {"text": "UA"}), "note")

    assert pick(cancel, id) == ([], False)
    assert pick(cancel, other) == ([], False)


@pytest.mark.parametrize(
    ("method", "params"), [("drop", {}), ("submit", {}), ("pick", {"field": "other", "text": ""}), ("pick", {})]
)
def test_a_request_that_no_page_sends_is_refused(cancel: Submission, method: str, params: dict[str, Any]) -> None:
    with pytest.raises(ReactiveError, match="Cannot answer the page about cancel"):
        cancel.answer(method, params)


# ------------------------------------------------------------------ the widget


@pytest.mark.slow
def test_a_page_reaches_a_form_until_it_is_closed(db: Engine, delay: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    hub = channel().hub
    monkeypatch.setattr(hub, "send", sent.append)
    monkeypatch.setattr(hub, "_run", lambda act: act())
    add(db, "UA")
    form = form_of(db, delay, {"carrier": ["UA"]})
    values: dict[str, Any] = {"carrier": {"choice": 0}, **{name: {"missing": True} for name in ("urgent", "note")}}

    def submit(minutes: str) -> dict[str, Any]:
        params = {"values": {**values, "minutes": {"text": minutes}}}
        request = {"type": "Request", "page": "p", "id": 1, "target": form.target, "method": "submit", "params": params}
        hub.on_message(json.loads(json.dumps(request)))
        return json.loads(json.dumps(sent.pop()))  # type: ignore[no-any-return]

    assert isinstance(form, Form)
    assert submit("5")["result"] == {"result": 1, "ts": db.ts}
    assert submit("soon")["error"]["path"] == "$.minutes"
    form.close()
    gc.collect()
    assert submit("5")["error"]["hint"] == "Run its cell again"


def test_a_form_that_is_saved_says_in_words_what_it_was(db: Engine, delay: Function) -> None:
    form = form_of(db, delay, {"label": "Delay <it>"})

    data, _ = form._repr_mimebundle_()

    assert data["text/plain"] == "<form of delay>"
    assert "Delay &lt;it&gt;: delay" in data["text/html"]
    form.close()
