"""The tree of errors: codes, the sentence, and the facts as attributes."""

from __future__ import annotations

import copy
import pickle
import re
import traceback
from pathlib import Path
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import errors, v
from reactive_nb.engine import Engine
from reactive_nb.errors import AppError, ReactiveError

ERRORS = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)]
REACTIVE = [each for each in ERRORS if issubclass(each, ReactiveError)]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_a_code_is_the_class_name_in_snake_case_without_error(error: type[ReactiveError]) -> None:
    name = error.__name__.removesuffix("Error")

    assert error.code == re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def test_no_two_errors_share_a_code() -> None:
    assert len({error.code for error in ERRORS}) == len(ERRORS)


@pytest.mark.parametrize("error", REACTIVE, ids=lambda error: error.__name__)
def test_every_error_is_one_sentence_of_four_facts(error: type[ReactiveError]) -> None:
    raised = error(
        "Cannot insert into messages",
        thing="$.likes is 'x' (str)",
        expected="a number",
        hint="Pass an int or a float",
        path="$.likes",
    )

    assert str(raised) == (
        "Cannot insert into messages: $.likes is 'x' (str). Expected a number. Pass an int or a float."
    )
    assert (raised.what, raised.thing) == ("Cannot insert into messages", "$.likes is 'x' (str)")
    assert (raised.expected, raised.hint) == ("a number", "Pass an int or a float")
    assert vars(raised)["path"] == "$.likes"


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
@pytest.mark.parametrize("error", REACTIVE, ids=lambda error: error.__name__)
def test_every_error_can_be_copied_and_pickled_with_its_facts(error: type[ReactiveError], again: Any) -> None:
    facts = {"what": "Cannot open", "thing": "it is damaged", "expected": "a file", "hint": "Restore it"}
    raised = error(**facts, path=Path("a.duckdb"), ids=["a", "b"])
    raised.add_note("seen on Monday")

    copied = again(raised)

    assert type(copied) is error
    assert str(copied) == str(raised) == "Cannot open: it is damaged. Expected a file. Restore it."
    assert vars(copied) == {**facts, "path": Path("a.duckdb"), "ids": ["a", "b"], "__notes__": ["seen on Monday"]}
    assert "seen on Monday" in traceback.format_exception_only(copied)[-1]


def conflict(db: Engine, id: str) -> None:
    with db.transaction() as tx:
        tx.db.get(id)
        with db.transaction() as rival:
            rival.db.patch(id, {"n": 2})
        tx.db.patch(id, {"n": 3})


def unique_violation(db: Engine, id: str) -> None:
    with db.transaction() as tx:
        tx.db.insert("t", {"n": 1})


def not_unique(db: Engine, id: str) -> None:
    with db.transaction() as tx:
        tx.db.insert("t", {"n": 2})
        tx.db.query("t").unique()


def schema_mismatch(db: Engine, id: str) -> None:
    db.define(t=rnb.table(n=v.string()))


def not_found(db: Engine, id: str) -> None:
    with db.transaction() as tx:
        tx.db.delete(id)
        tx.db.delete(id)


@pytest.mark.parametrize(
    ("provoke", "error", "facts"),
    [
        (conflict, errors.ConflictError, {"table", "index", "interval", "other"}),
        (unique_violation, errors.UniqueViolation, {"table", "index", "existing", "id"}),
        (not_unique, errors.NotUnique, {"ids"}),
        (schema_mismatch, errors.SchemaMismatch, {"misfits"}),
        (not_found, errors.DocumentNotFound, {"id"}),
    ],
    ids=lambda case: getattr(case, "__name__", ""),
)
def test_the_facts_of_an_error_are_declared_and_can_be_sent_to_another_process(
    provoke: Any, error: type[ReactiveError], facts: set[str]
) -> None:
    with rnb.connect() as db:
        db.define(t=rnb.table(n=v.number()).index("by_n", "n", unique=True))
        with db.transaction() as tx:
            id = tx.db.insert("t", {"n": 1})
        with pytest.raises(error) as caught:
            provoke(db, id)

    sent = pickle.loads(pickle.dumps(caught.value))

    assert facts == set(error.__annotations__) - {"code"}
    assert vars(sent) == vars(caught.value)
    assert facts <= set(vars(sent))


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_every_error_says_what_it_stands_for(error: type[Exception]) -> None:
    assert error.__doc__
    assert error.__doc__ != error.__mro__[1].__doc__


def test_an_application_error_carries_any_data() -> None:
    error = AppError({"code": "empty", "channel": "general"})

    assert error.data == {"code": "empty", "channel": "general"}
    assert not isinstance(error, ReactiveError)


@pytest.mark.parametrize(
    ("error", "family"),
    [
        (errors.ArgumentValidationError, errors.ValidationError),
        (errors.DocumentValidationError, errors.ValidationError),
        (errors.ReturnsValidationError, errors.ValidationError),
        (errors.HeadMoved, errors.LogError),
        (errors.LogDamaged, errors.LogError),
        (errors.LogWriteError, errors.LogError),
        (errors.DatabaseInUse, errors.DatabaseFileError),
        (errors.NewerFormat, errors.DatabaseFileError),
    ],
    ids=lambda error: error.__name__,
)
def test_errors_of_a_kind_can_be_caught_together(error: type[Exception], family: type[Exception]) -> None:
    assert issubclass(error, family)
