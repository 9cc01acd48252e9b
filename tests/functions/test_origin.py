"""From where a function was called, as a commit and an attempt say it; and where it is defined."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from reactive_nb.engine import Engine
from reactive_nb.functions.origin import Place, calling_from, stated_origin


@pytest.fixture
def add(db: Engine) -> Any:
    @db.mutation
    def add(ctx: Any) -> None:
        ctx.db.insert("t", {})

    return add


def test_what_is_called_inside_has_the_origin_and_nothing_else(db: Engine, add: Any) -> None:
    add()
    with calling_from("the form of add"):
        add()
    add()

    assert [commit.origin for commit in db.commits()] == ["", "the form of add", ""]
    assert [attempt.origin for attempt in db.attempts()] == ["", "the form of add", ""]


def test_the_inner_of_two_holds_until_it_ends_also_by_an_exception() -> None:
    def fail() -> None:
        assert stated_origin() == "inner"
        raise ValueError("x")

    with calling_from("outer"):
        with pytest.raises(ValueError, match="x"), calling_from("inner"):
            fail()
        assert stated_origin() == "outer"
    assert stated_origin() is None


def test_a_submitted_function_has_the_origin_of_its_caller(db: Engine, add: Any) -> None:
    with calling_from("In[3]"):
        submitted = add.submit()
    submitted.result()

    assert db.commits()[-1].origin == "In[3]"
    assert db.attempts()[-1].lane.startswith("reactive_nb pool")


# ------------------------------------------------------------------ places


def test_a_function_knows_the_file_and_the_line_that_define_it(add: Any) -> None:
    line = add.function.__code__.co_firstlineno

    assert add.place == Place(f"test_origin.py:{line}", None, __file__, line)


def test_of_what_no_file_has_nobody_knows_the_place(db: Engine) -> None:
    names: dict[str, Any] = {}
    exec("def made(ctx): ...", names)

    assert db.query(names["made"]).place == Place()
    assert db.query(name="partly")(functools.partial(lambda ctx, other: other, other=1)).place == Place()
