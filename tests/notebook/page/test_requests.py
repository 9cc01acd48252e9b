"""What pages ask: every request is answered, elsewhere than where it came in, with all facts of a refusal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reactive_nb.errors import ReactiveError
from reactive_nb.notebook.page.answers import asking_page
from tests.notebook.page.desk import Desk


class Form:
    """A target that does what a test says."""

    def __init__(self, result: Any) -> None:
        self.result = result
        self.asked: list[tuple[str, Any]] = []

    def answer(self, method: str, params: dict[str, Any], /) -> Any:
        self.asked.append((method, params))
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


def ask(desk: Desk, target: str, **more: Any) -> Any:
    """Ask as a page; return the response without type, page and id."""
    desk.hub.on_message(
        {"type": "Request", "page": "p", "id": 7, "target": target, "method": "submit", "params": {"n": 1}, **more}
    )
    assert desk.sent == []  # nothing is done on the thread that brings messages
    desk.asked.pop()()
    (response,) = desk.take()
    assert (response.pop("type"), response.pop("id")) == ("Response", 7)
    del response["page"]
    return response


def test_a_target_s_result_goes_back_to_the_page_that_asked() -> None:
    desk = Desk()
    form = Form({"ts": 3})

    response = ask(desk, desk.hub.register(form))

    assert (response, form.asked) == ({"ok": True, "result": {"ts": 3}}, [("submit", {"n": 1})])


def test_a_view_answers_through_its_target() -> None:
    desk = Desk()
    live = desk.count()
    view = desk.hub.open_rows(live)
    table = Form("x")
    desk.hub.answer_for(view, table)

    assert ask(desk, view.id) == {"ok": True, "result": "x"}


def test_the_page_that_asked_is_told_how_far_its_answer_is() -> None:
    class Slow:
        def answer(self, method: str, params: dict[str, Any], /) -> Any:
            tell = asking_page()
            assert tell is not None
            tell(1.0, 2.0, "half")
            tell(7.0, None, "")
            return "done"

    desk = Desk()
    target = Slow()
    desk.hub.on_message(
        {"type": "Request", "page": "p", "id": 7, "target": desk.hub.register(target), "method": "run", "params": {}}
    )
    desk.asked.pop()()

    assert desk.take() == [
        {"type": "Progress", "page": "p", "id": 7, "done": 1.0, "total": 2.0, "text": "half"},
        {"type": "Progress", "page": "p", "id": 7, "done": 7.0, "total": None, "text": ""},
        {"type": "Response", "page": "p", "id": 7, "ok": True, "result": "done"},
    ]
    assert asking_page() is None


@pytest.mark.parametrize("params", [None, "n", [1]])
def test_parameters_that_are_none_are_no_parameters(params: Any) -> None:
    desk = Desk()
    form = Form(1)

    ask(desk, desk.hub.register(form), params=params)

    assert form.asked == [("submit", {})]


def test_a_refusal_has_all_its_facts() -> None:
    desk = Desk()
    error = ReactiveError("Cannot submit", thing="n is 0", expected="a number above 0", hint="Try another")
    error.field = "n"  # type: ignore[attr-defined]

    response = ask(desk, desk.hub.register(form := Form(error)))

    assert form.asked
    assert response["ok"] is False
    facts = response["error"]
    assert (facts["name"], facts["what"], facts["thing"]) == ("ReactiveError", "Cannot submit", "n is 0")
    assert (facts["expected"], facts["hint"], facts["field"]) == ("a number above 0", "Try another", "n")
    assert facts["message"] == "Cannot submit: n is 0. Expected a number above 0. Try another."


def test_a_failure_of_the_user_s_own_is_one_line() -> None:
    desk = Desk()

    response = ask(desk, desk.hub.register(form := Form(KeyError("gate"))))

    assert form.asked
    assert response == {"ok": False, "error": {"name": "KeyError", "message": "'gate'"}}


def test_what_the_kernel_does_not_know_any_more_says_what_to_do() -> None:
    desk = Desk()

    error = ask(desk, "f99")["error"]

    assert (error["what"], error["hint"]) == ("Cannot submit", "Run its cell again")


def test_an_answer_that_cannot_be_sent_is_a_failure_for_the_page() -> None:
    desk = Desk()
    send = desk.hub.send

    def strict(message: dict[str, Any]) -> None:
        if message["ok"]:
            raise TypeError("not JSON")
        send(message)

    desk.hub.send = strict

    response = ask(desk, desk.hub.register(form := Form(object())))

    assert form.asked
    assert response == {"ok": False, "error": {"name": "TypeError", "message": "not JSON"}}


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_a_function_that_wants_to_end_the_program_is_answered_for_too(kind: type[BaseException]) -> None:
    desk = Desk()

    response = ask(desk, desk.hub.register(form := Form(kind("enough"))))

    assert form.asked
    assert response == {"ok": False, "error": {"name": kind.__name__, "message": "enough"}}


def test_what_a_stranger_s_error_calls_path_or_code_is_no_fact() -> None:
    class Strange(Exception):
        code = 404
        path = Path("x")
        hint = object()

    desk = Desk()

    assert ask(desk, desk.hub.register(form := Form(Strange("no")))) == {
        "ok": False,
        "error": {"name": "Strange", "message": "no"},
    }
    assert form.asked


def test_a_path_is_told_as_text() -> None:
    desk = Desk()
    error = ReactiveError("Cannot open", thing="it", expected="a file", hint="Try another", path=Path("flights.db"))

    response = ask(desk, desk.hub.register(form := Form(error)))

    assert form.asked
    assert response["error"]["path"] == "flights.db"
