"""The tree of errors: codes, the sentence, and the facts as attributes."""

from __future__ import annotations

import re

import pytest

from reactive_nb import errors
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
