"""Functions by path: decorators, modules, replacing, and paths that nothing is under."""

from __future__ import annotations

from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.errors import FunctionKindError, UnknownFunction
from reactive_nb.functions.function import Kind
from tests.conftest import Connect
from tests.tools import insert


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


def test_a_module_function_declared_again_replaces_it_where_the_module_is_included(db: Engine) -> None:
    numbers = rnb.module("numbers")

    @numbers.query
    def answer(ctx: Any) -> int:
        return 1

    db.include(numbers)
    with answer.live() as live:

        @numbers.query(name="answer")
        def better(ctx: Any) -> int:
            return 2

        @numbers.query
        def later(ctx: Any) -> int:
            return 3

        db.settle()

        assert live.value == 2
    assert (better(), later()) == (2, 3)
    assert (db.run("numbers:answer"), db.run("numbers:later")) == (2, 3)


@pytest.mark.slow
def test_a_call_of_a_function_that_two_open_databases_include_is_refused(connect: Connect) -> None:
    first, second = connect(), connect()
    names = rnb.module("names")

    @names.mutation
    def add(ctx: Any, name: str) -> int:
        ctx.db.insert("names", {"name": name})
        return int(ctx.db.query("names").count())

    first.include(names)
    assert add(name="Ada") == 1
    second.include(names)

    with pytest.raises(UnknownFunction) as caught:
        add(name="Bob")

    assert str(caught.value) == (
        "Cannot run names:add: 2 open databases include its module. Expected a call that says which one, or a module "
        "that one database includes. Write db.run('names:add', ...) on the one you mean, or close the others."
    )
    assert (first.run(add, name="Bob"), second.run("names:add", name="Cy")) == (2, 1)
    second.close()
    assert add(name="Dan") == 3
    first.close()
    with pytest.raises(UnknownFunction, match="no open database includes its module"):
        add(name="Eve")


@pytest.mark.slow
def test_a_module_keeps_no_database_open() -> None:
    numbers = rnb.module("numbers")

    @numbers.query
    def which(ctx: Any) -> int:
        return int(ctx.db.query("t").count())

    def cell() -> Engine:
        db = rnb.connect()
        db.include(numbers)
        insert(db, "t", {})
        return db

    cell()
    db = cell()  # the same cell again: the database of the first run is nobody's

    assert which() == 1
    db.close()


@pytest.mark.parametrize("thing", ["messages", rnb, None], ids=["a name", "a Python module", "None"])
def test_only_a_module_can_be_included(thing: Any, db: Engine) -> None:
    with pytest.raises(
        FunctionKindError, match=r"Cannot include the module: .* Expected what rnb.module\(name\) returned"
    ):
        db.include(thing)


@pytest.mark.parametrize("decorator", ["query", "mutation", "internal_query", "internal_mutation"])
def test_a_decorator_given_a_path_by_position_says_how_to_write_it(decorator: str, db: Engine) -> None:
    with pytest.raises(FunctionKindError, match=r"'latest' \(str\) was given.*\(name=\"...\"\)"):
        getattr(db, decorator)("latest")


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


def test_a_plain_function_is_to_be_declared(db: Engine) -> None:
    def plain(ctx: Any) -> None:
        pass

    for function, name in ((plain, "plain"), (lambda ctx: None, "<lambda>")):
        with pytest.raises(UnknownFunction) as caught:
            db.scheduler.run_after(0, function)  # type: ignore[arg-type]

        assert str(caught.value) == (
            f"Cannot find the function {name}: it is a plain Python function. "
            "Expected a declared function, or its path. "
            "Declare it with @db.query, @db.mutation or @db.action."
        )


def test_without_any_function_an_unknown_path_says_so(db: Engine) -> None:
    with pytest.raises(UnknownFunction, match="a registered function, and there is none yet"):
        db.run("nope")
