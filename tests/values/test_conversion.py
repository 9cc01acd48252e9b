"""What numpy, pandas and `datetime` hand over: turned into the value it stands for, or refused, never guessed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.errors import InvalidValue
from reactive_nb.values.conversion import vector
from reactive_nb.values.value import normalize
from tests.strategies import identical

NOON = datetime(2024, 6, 1, 12, 0, 0, 5, tzinfo=UTC)


class Moment(datetime):
    """A subclass of datetime, as freezing and calendar libraries have them."""


@dataclass
class Converted:
    name: str
    given: Any
    expected: Any


CONVERTED = [
    Converted("int64", np.int64(3), 3),
    Converted("uint8", np.uint8(3), 3),
    Converted("uint64 within 64 signed bits", np.uint64(2**63 - 1), 2**63 - 1),
    Converted("float64", np.float64(1.5), 1.5),
    Converted("float32 keeps its exact value", np.float32(0.1), 0.10000000149011612),
    Converted("float16", np.float16(0.5), 0.5),
    Converted("numpy's NaN", np.float64("nan"), math.nan),
    Converted("numpy's bool", np.bool_(True), True),
    Converted("numpy's str", np.str_("é"), "é"),
    Converted("numpy's bytes", np.bytes_(b"x"), b"x"),
    Converted("pandas' NA", pd.NA, None),
    Converted("pandas' NaT", pd.NaT, None),
    Converted("numpy's NaT of a datetime", np.datetime64("NaT", "ns"), None),
    Converted("numpy's NaT of a timedelta", np.timedelta64("NaT", "ns"), None),
    Converted("pandas' Timestamp", pd.Timestamp("2024-06-01 12:00:00.000005", tz="UTC"), NOON),
    Converted("pandas' Timestamp elsewhere", pd.Timestamp("2024-06-01 14:00:00.000005", tz="Europe/Zurich"), NOON),
    Converted("a datetime in a zone", NOON.astimezone(ZoneInfo("Asia/Tokyo")), NOON),
    Converted("a datetime at an offset", NOON.astimezone(timezone(timedelta(hours=-7))), NOON),
    Converted("a subclass of datetime", Moment(2024, 6, 1, 12, 0, 0, 5, tzinfo=UTC), NOON),
    Converted(
        "a record of a frame",
        {"a": np.int64(1), "b": pd.NaT, "c": ["x", np.float64(2)]},
        {"a": 1, "b": None, "c": ["x", 2.0]},
    ),
]


@pytest.mark.parametrize("case", CONVERTED, ids=lambda case: case.name)
def test_this_becomes_a_plain_value(case: Converted) -> None:
    assert identical(normalize(case.given), case.expected)


def test_every_cell_of_a_frame_becomes_a_plain_value() -> None:
    frame = pd.DataFrame(
        {
            "n": pd.array([1, None], dtype="Int64"),
            "x": [0.5, math.nan],
            "s": pd.array(["a", None], dtype="string"),
            "t": pd.to_datetime(["2024-06-01T12:00:00.000005Z", None]),
        }
    )

    first, second = (normalize(row) for row in frame.to_dict("records"))

    assert identical(first, {"n": 1, "x": 0.5, "s": "a", "t": NOON})
    assert isinstance(second, dict)
    assert identical([second["n"], second["x"], second["t"]], [None, math.nan, None])


@dataclass
class Refused:
    name: str
    given: Any
    says: str


REFUSED = [
    Refused("a naive datetime", datetime(2024, 6, 1), "has no time zone"),  # noqa: DTZ001 - that is the point
    Refused("a naive Timestamp", pd.Timestamp("2024-06-01"), ".dt.tz_localize(...)"),
    Refused("a datetime64, which has no zone", np.datetime64("2024-06-01"), "pandas.Timestamp(value, tz=...)"),
    Refused("nanoseconds", pd.Timestamp("2024-06-01 12:00:00.000000001", tz="UTC"), "value.floor('us')"),
    Refused(
        "a time before year 1 in UTC",
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
        "outside the years 1 to 9999",
    ),
    Refused("a date", date(2024, 6, 1), "Pass a datetime with a time zone, or the day as a string"),
    Refused("a time of day", time(12), "Convert it to one of these"),
    Refused("a timedelta", timedelta(1), "Pass the seconds as a number"),
    Refused("a pandas Timedelta", pd.Timedelta(1, "s"), "Pass the seconds as a number"),
    Refused("a numpy timedelta", np.timedelta64(1, "ns"), "Pass the seconds as a number"),
    Refused("a Decimal", Decimal("0.1"), "Convert it to one of these"),
    Refused("a numpy complex number", np.complex64(1), "Convert it to one of these"),
    Refused("a long double", np.longdouble(1), "Convert it to one of these"),
    Refused("a uint64 beyond 64 signed bits", np.uint64(2**63), "an int of 64 bits"),
    Refused("an array of ints", np.array([1, 2]), "is an array of shape (2,) and type int64"),
    Refused("an array of two dimensions", np.zeros((2, 2)), "Pass array.tolist()"),
    Refused("an array without dimension", np.array(1.5), "is an array of shape () and type float64"),
    Refused("a masked array", np.ma.masked_array([1.0, 2.0], [True, False]), "one-dimensional numpy array"),
    Refused("an array with NaN", np.array([1.0, math.nan]), "[1] is nan, which a vector cannot hold"),
    Refused("an array beyond float32", np.array([1e39]), "[0] is 1e+39, which a vector cannot hold"),
    Refused("a Series", pd.Series([1.0]), "Convert it to one of these"),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_this_stands_for_no_value(case: Refused) -> None:
    with pytest.raises(InvalidValue) as caught:
        normalize(case.given)

    assert case.says in str(caught.value)


def test_the_error_of_a_naive_datetime_says_four_facts() -> None:
    with pytest.raises(InvalidValue) as caught:
        normalize({"at": datetime(2024, 6, 1, 12)})  # noqa: DTZ001 - that is the point

    assert str(caught.value) == (
        "Cannot accept the value: "
        "$.at is datetime.datetime(2024, 6, 1, 12, 0) (datetime), which has no time zone. "
        "Expected a datetime with a time zone. "
        "Say which with value.replace(tzinfo=...), or for a data frame's column with .dt.tz_localize(...)."
    )


@settings(deadline=None)
@given(st.datetimes(timezones=st.timezones(), min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)))  # noqa: DTZ001 - Hypothesis adds the zone
@pytest.mark.slow
def test_a_datetime_stays_the_same_moment(moment: datetime) -> None:
    result = normalize(moment)

    assert isinstance(result, datetime)
    assert result.tzinfo is UTC
    assert result - moment.astimezone(UTC) == timedelta(0)


@settings(deadline=None)
@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=5))
def test_a_vector_keeps_every_float32_exactly(numbers: list[float]) -> None:
    result = vector(numbers)

    assert result.tolist() == numbers
    assert not result.flags.writeable


def test_a_vector_is_not_copied_again() -> None:
    made = vector([1.0, 2.0])

    assert normalize(made) is made


def test_a_view_of_an_array_becomes_a_vector_of_its_own() -> None:
    array = np.arange(6, dtype="float32")

    result = normalize(array[::2])
    array[:] = 9

    assert identical(result, vector([0.0, 2.0, 4.0]))
