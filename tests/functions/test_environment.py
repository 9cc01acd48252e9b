"""`db.env` and `ctx.env`: declared, set, read by queries that run again; and values that nobody is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.errors import (
    InvalidValue,
    ReactiveError,
    SchemaError,
    SchemaMismatch,
    UnknownVariable,
    ValidationError,
)
from reactive_nb.functions.context import QueryContext
from reactive_nb.functions.environment import Environment, EnvironmentReader
from reactive_nb.transaction.read_set import Overlap
from tests.conftest import Connect
from tests.tools import Core, looked_at

SECRET = "sk-do-not-show"


@pytest.fixture
def env(db: Engine) -> Environment:
    """The environment of an empty database with two variables."""
    env = Environment(db)
    env.define(API_KEY=v.string(), LIMIT=v.optional(v.int64()))
    return env


def seen(db: Engine, look: Callable[[EnvironmentReader], Any]) -> Any:
    """Return what a query sees in its `ctx.env`."""
    return db.read(lambda ctx: look(ctx.env))


# ------------------------------------------------------------------ setting and reading


def test_a_variable_is_set_read_and_deleted(db: Engine, env: Environment) -> None:
    env["API_KEY"] = "first"
    env["API_KEY"] = "second"
    env["LIMIT"] = 3

    assert (env["API_KEY"], env["LIMIT"]) == ("second", 3)
    assert seen(db, lambda each: (each["API_KEY"], each["LIMIT"])) == ("second", 3)

    del env["LIMIT"]

    assert env["LIMIT"] is None
    assert seen(db, lambda each: each["LIMIT"]) is None


def test_get_has_a_default_for_what_has_no_value(db: Engine, env: Environment) -> None:
    env.define(TITLE=v.nullable(v.string()))
    env["TITLE"] = None

    assert (env.get("API_KEY"), env.get("API_KEY", "x"), env.get("LIMIT", 5), env.get("TITLE", "x")) == (
        None,
        "x",
        5,
        None,
    )
    assert seen(db, lambda each: (each.get("API_KEY", "x"), each.get("TITLE", "x"))) == ("x", None)


def test_names_are_those_with_a_value(db: Engine, env: Environment) -> None:
    env.define(A=v.string())
    env["LIMIT"] = 1
    env["A"] = "a"

    assert list(env) == ["A", "LIMIT"]
    assert seen(db, list) == ["A", "LIMIT"]
    assert ["LIMIT" in env, "API_KEY" in env, "NOPE" in env, 1 in env] == [True, False, False, False]
    assert seen(db, lambda each: ["LIMIT" in each, "API_KEY" in each, "NOPE" in each]) == [True, False, False]


def test_a_value_is_what_its_validator_makes_of_it(db: Engine, env: Environment) -> None:
    env.define(SERVER=v.object(host=v.string(), ports=v.array(v.int64())), BIG=v.literal(2**62))

    env["SERVER"] = {"host": "a", "ports": [np.int64(1), 2]}
    env["BIG"] = 2**62

    assert env["SERVER"] == {"host": "a", "ports": [1, 2]}
    assert env["BIG"] == 2**62


def test_a_mutation_reads_them_too(db: Engine, env: Environment) -> None:
    env["LIMIT"] = 2

    assert db.write(lambda ctx: ctx.env["LIMIT"]) == 2


def test_they_are_in_the_file_and_there_again(connect: Connect, tmp_path: Any) -> None:
    with connect(tmp_path / "a.duckdb") as db:
        env = Environment(db)
        env.define(API_KEY=v.string(), LIMIT=v.optional(v.int64()))
        env["API_KEY"] = SECRET

    env = Environment(connect(tmp_path / "a.duckdb"))

    assert (env["API_KEY"], env["LIMIT"]) == (SECRET, None)
    assert repr(env) == "<environment: API_KEY set, LIMIT not set>"


# ------------------------------------------------------------------ what a query depends on


def test_a_query_runs_again_when_a_variable_that_it_read_changes_and_only_then(db: Engine, env: Environment) -> None:
    runs = []

    @db.query
    def limit(ctx: QueryContext) -> Any:
        runs.append(ctx)
        return ctx.env["LIMIT"]

    with limit.live() as live:
        env["API_KEY"] = "x"
        db.write(lambda ctx: ctx.db.insert("t", {}))
        db.settle()
        assert (live.value, len(runs)) == (None, 1)

        env["LIMIT"] = 7
        db.settle()
        assert (live.value, len(runs)) == (7, 2)

        env.define(LIMIT=v.optional(v.int64()), OTHER=v.string())
        db.settle()
        assert len(runs) == 2

        del env["LIMIT"]
        db.settle()
        assert (live.value, len(runs)) == (None, 3)


def test_a_query_of_an_undeclared_variable_runs_again_when_it_is_declared(db: Engine) -> None:
    limit = db.query(name="limit")(lambda ctx: ctx.env["LIMIT"])

    with limit.live() as live:
        before = live.error
        Environment(db).define(LIMIT=v.optional(v.int64()))
        db.settle()

        assert isinstance(before, UnknownVariable)
        assert (live.state, live.value) == ("fresh", None)


def test_only_the_one_name_is_looked_at(db: Engine, env: Environment) -> None:
    read = looked_at(db, lambda ctx: ctx.env["LIMIT"])

    assert list(read) == [("_environment", "by_name")]
    assert len(read["_environment", "by_name"]) == 1
    assert read != looked_at(db, lambda ctx: ctx.env.get("API_KEY"))


def test_a_mutation_conflicts_with_a_change_of_what_it_read() -> None:
    core = Core()
    env = Environment(Alone(core))
    env.define(A=v.string(), B=v.string())
    env["A"] = "a"
    one, ctx = core.begin()
    two, other = core.begin()
    assert (ctx.env["A"], other.env.get("B")) == ("a", None)
    env["A"] = "b"
    for tx, context in ((one, ctx), (two, other)):
        context.db.insert("t", {})
        tx.close()

    assert isinstance(core.commit(one), Overlap)
    assert not isinstance(core.commit(two), Overlap)


class Alone:
    """What an environment needs of an engine, around a `Core`."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.ids = core.ids

    def read(self, body: Callable[[Any], Any]) -> Any:
        return self.core.runner.read(body, "read").value()

    def write(self, body: Callable[[Any], Any], name: str = "write") -> Any:
        return self.core.runner.write(body, name)


def test_a_transaction_at_the_head_is_enough_to_read_with() -> None:
    core = Core()
    env = Environment(Alone(core))
    env.define(A=v.string())
    env["A"] = "a"

    assert EnvironmentReader(core.runner.begin())["A"] == "a"


def test_what_is_declared_again_unchanged_writes_nothing(db: Engine, env: Environment) -> None:
    ts = db.ts

    env.define(API_KEY=v.string(), LIMIT=v.optional(v.int64()))

    assert db.ts == ts


# ------------------------------------------------------------------ errors


@pytest.mark.parametrize("use", ["env", "ctx.env"])
def test_a_variable_that_is_not_declared(db: Engine, env: Environment, use: str) -> None:
    reads: list[Callable[[Any], Any]] = [lambda each: each["API_KYE"], lambda each: each.get("API_KYE", 1)]

    for read in reads:
        with pytest.raises(UnknownVariable) as caught:
            read(env) if use == "env" else seen(db, read)
        assert str(caught.value) == (
            "Cannot read 'API_KYE' from the environment: no variable of this name is declared. Expected one of "
            "API_KEY, LIMIT. Declare it with db.env.define(API_KYE=v.string()), or correct the name."
        )
        assert (caught.value.code, caught.value.name) == ("unknown_variable", "API_KYE")


def test_where_nothing_is_declared(db: Engine) -> None:
    env = Environment(db)

    with pytest.raises(UnknownVariable, match=r"Expected a declared variable, and there is none\. Declare it with"):
        env["A"]
    assert list(env) == []
    assert repr(env) == "<environment: nothing declared>"


def test_a_variable_without_a_value(env: Environment) -> None:
    with pytest.raises(UnknownVariable) as caught:
        env["API_KEY"]

    assert str(caught.value) == (
        "Cannot read 'API_KEY' from the environment: it is declared, and has no value. Expected a variable with a "
        "value. Set it with db.env['API_KEY'] = ..., or declare it as v.optional(...)."
    )


def test_setting_and_deleting_need_a_declaration_and_a_value(env: Environment) -> None:
    with pytest.raises(UnknownVariable, match=r"^Cannot set 'NOPE' in the environment: no variable of this name"):
        env["NOPE"] = 1
    with pytest.raises(UnknownVariable, match=r"^Cannot delete 'NOPE' from the environment: no variable of this name"):
        del env["NOPE"]
    with pytest.raises(
        UnknownVariable, match=r"^Cannot delete 'LIMIT' from the environment: it is declared, and has no"
    ):
        del env["LIMIT"]


def test_a_value_that_does_not_fit_is_refused_without_being_shown(env: Environment) -> None:
    env["LIMIT"] = 1

    with pytest.raises(ValidationError) as caught:
        env["LIMIT"] = SECRET

    assert str(caught.value) == (
        "Cannot set 'LIMIT' in the environment: a value of the type str was given. Expected an int. Give it a value "
        "that fits, or declare it otherwise with db.env.define."
    )
    assert env["LIMIT"] == 1


def test_a_part_that_does_not_fit_is_named_by_its_path(env: Environment) -> None:
    env.define(SERVER=v.object(host=v.string(), ports=v.array(v.int64())))

    with pytest.raises(
        ValidationError, match=r"the type dict was given, which does not fit at \$\.ports\[1\]\. Expected"
    ):
        env["SERVER"] = {"host": SECRET, "ports": [1, SECRET]}


def test_what_is_no_value_at_all_is_refused(env: Environment) -> None:
    env.define(ANYTHING=v.any())

    with pytest.raises(InvalidValue, match="a value of the type object was given"):
        env["ANYTHING"] = object()


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"API-KEY": v.string()}, "^Cannot declare the variable 'API-KEY': 'API-KEY' .* is not a field name"),
        ({"": v.string()}, "^Cannot declare the variable ''"),
        ({"A" * 65: v.string()}, "^Cannot declare the variable 'AAA"),
        ({"A": str}, "^Cannot declare the variable 'A'.* Expected a validator"),
    ],
)
def test_a_declaration_that_cannot_be_changes_nothing(db: Engine, variables: dict[str, Any], problem: str) -> None:
    with pytest.raises(SchemaError, match=problem):
        Environment(db).define(GOOD=v.string(), **variables)

    assert db.ts == 0


def test_a_stored_value_that_a_new_declaration_refuses(db: Engine, env: Environment) -> None:
    env["API_KEY"] = SECRET
    ts = db.ts

    with pytest.raises(SchemaMismatch) as caught:
        env.define(API_KEY=v.int64(), NEW=v.string())

    assert str(caught.value) == (
        "Cannot declare the environment: the stored value of API_KEY is not an int. Expected declarations that the "
        "stored values fit. Set a value that fits both declarations first, or remove it with del db.env[name]. "
        "Nothing was changed."
    )
    assert list(caught.value.misfits) == ["_environment"]
    assert (db.ts, env["API_KEY"], repr(env)) == (ts, SECRET, "<environment: API_KEY set, LIMIT not set>")


def test_a_new_declaration_that_the_stored_value_fits_replaces_the_old(env: Environment) -> None:
    env["API_KEY"] = "x"

    env.define(API_KEY=v.union(v.string(), v.int64()))
    env["API_KEY"] = 5

    assert env["API_KEY"] == 5


# ------------------------------------------------------------------ secrets


def test_a_secret_is_in_no_repr_no_error_and_no_document_that_functions_see(db: Engine, env: Environment) -> None:
    env["API_KEY"] = SECRET

    def found(ctx: QueryContext) -> list[Any]:
        system = ctx.db.system
        id = EnvironmentReader(ctx.transaction)._declared("API_KEY")["_id"]
        return [
            system.query("_environment").collect(),
            system.query("_environment").with_index("by_name", name="API_KEY").first(),
            system.query("_environment").count(),
            system.get(id),
        ]

    assert db.read(found) == [[], None, 0, None]
    assert repr(env) == "<environment: API_KEY set, LIMIT not set>"
    assert SECRET not in seen(db, repr)
    errors: list[ReactiveError] = []
    for wrong in (
        lambda: env.__setitem__("LIMIT", SECRET),
        lambda: env.define(API_KEY=v.null()),
        lambda: env[SECRET[:2]],
    ):
        with pytest.raises(ReactiveError) as caught:
            wrong()
        errors.append(caught.value)
    assert not any(SECRET in f"{error} {vars(error)}" for error in errors)


def test_a_repr_does_not_fail_where_nothing_can_be_read(connect: Connect) -> None:
    db = connect()
    env = Environment(db)
    env.define(A=v.string())

    assert db.read(lambda ctx: repr(env)) == "<environment>"
    db.close()
    assert repr(env) == "<environment>"
