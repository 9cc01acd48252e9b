"""Functions by path: decorators, modules, replacing, and paths that nothing is under."""

from __future__ import annotations

from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.errors import UnknownFunction
from reactive_nb.functions.function import Kind


def test_a_function_has_its_own_name_as_path(db: Engine) -> None:
    @db.query
    def latest(ctx: Any) -> int:
        return 1

    assert latest.path == "latest"
    assert db.run("latest") == db.run(latest) == 1


@pytest.mark.parametrize(
    ("decorator", "kind", "internal"),
    [
        ("query", Kind.QUERY, False),
        ("mutation", Kind.MUTATION, False),
        ("internal_query", Kind.QUERY, True),
        ("internal_mutation", Kind.MUTATION, True),
    ],
)
def test_decorators_are_bare_or_with_options(decorator: str, kind: Kind, internal: bool, db: Engine) -> None:
    def work(ctx: Any, n: int) -> int:
        return n

    bare = getattr(db, decorator)(work)
    optioned = getattr(db, decorator)(args={"n": v.string()}, returns=v.any(), name="other")(work)

    assert (bare.kind, bare.internal, bare.path) == (kind, internal, "work")
    assert (optioned.kind, optioned.internal, optioned.path) == (kind, internal, "other")
    assert db.run("work", n=1) == 1
    assert db.run("other", n="x") == "x"


def test_a_module_gives_its_functions_paths_of_their_own(db: Engine) -> None:
    messages = rnb.module("messages")

    @messages.query
    def list(ctx: Any) -> Any:
        return ctx.db.query("messages").collect()

    @messages.mutation(name="send")
    def send_message(ctx: Any, body: str) -> Any:
        ctx.db.insert("messages", {"body": body})
        return [message["body"] for message in ctx.run_query("messages:list")]

    db.include(messages)

    assert [function.path for function in db.functions()] == ["messages:list", "messages:send"]
    assert db.run("messages:send", body="hello") == ["hello"]
    assert send_message(body="again") == ["hello", "again"]


def test_registering_a_path_again_replaces_it_and_its_live_results(db: Engine) -> None:
    @db.query
    def answer(ctx: Any) -> int:
        return 1

    assert answer() == 1
    with answer.live() as live:

        @db.query(name="answer")
        def other(ctx: Any) -> int:
            return 2

        db.settle()

        assert live.value == 2
        assert db.run("answer") == 2
        assert len(db.functions()) == 1


def test_an_unknown_path_is_refused_with_what_is_close(db: Engine) -> None:
    db.query(lambda ctx: 1)
    for name in ("latest", "totals"):
        db.query(name=name)(lambda ctx: 1)

    with pytest.raises(UnknownFunction) as caught:
        db.run("lattest")

    assert str(caught.value) == (
        "Cannot find the function 'lattest': nothing is registered under this path. Expected one of ['latest']. "
        "Run the cell that defines it."
    )


def test_without_any_function_an_unknown_path_says_so(db: Engine) -> None:
    with pytest.raises(UnknownFunction, match="a registered function, and there is none yet"):
        db.run("nope")
