"""The JSON form of cells: the golden file that the page's code reads too, and that nothing breaks the encoding."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactive_nb.notebook.result.encoding import MAX_PARTS, encode_cell

GOLDEN = json.loads((Path(__file__).parents[2] / "wire/cells.json").read_text("utf-8"))

VALUES: dict[str, Any] = {
    "None": None,
    "a bool": True,
    "an int": 42,
    "the largest exact int": 2**53 - 1,
    "an int beyond": 2**53,
    "a negative int beyond": -(2**63),
    "a float": 0.1,
    "nan": float("nan"),
    "infinity": float("inf"),
    "minus infinity": float("-inf"),
    "text": "Zürich <b>&</b>",
    "text of 500 characters": "x" * 500,
    "text of 501 characters": "x" * 501,
    "a datetime": datetime(2026, 11, 20, 12, 0, 0, 1, tzinfo=UTC),
    "a datetime in another zone": datetime(2026, 11, 20, 13, 0, tzinfo=timezone(timedelta(hours=1))),
    "bytes": b"\x00\xff",
    "bytes beyond 32": bytes(range(40)),
    "a vector": np.array([0.1, -2, float("nan")], dtype=np.float32),
    "a vector beyond 8": np.zeros(1536, dtype=np.float32),
    "a list": [1, [2**60], "x"],
    "a dict": {"a": None, "b": {"c": [b""]}},
    "a list beyond 60": list(range(100)),
    "a dict whose key begins with a dollar": {"$int": "1"},
    "another object": 1j,
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_has_the_form_that_the_golden_file_says(name: str) -> None:
    # Compared as text: in Python, True == 1.
    assert json.dumps(encode_cell(VALUES[name])) == json.dumps(GOLDEN[name]["cell"])


def test_the_golden_file_and_the_values_name_the_same_cases() -> None:
    assert list(GOLDEN) == list(VALUES)


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.datetimes()
    | st.complex_numbers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner),
)


@given(anything)
@pytest.mark.slow
def test_every_object_has_a_form_that_is_strict_json(value: Any) -> None:
    json.dumps(encode_cell(value), allow_nan=False)


def test_a_cell_has_at_most_sixty_parts_over_all_its_levels() -> None:
    cell = encode_cell([[0] * 50 for _ in range(50)])

    assert json.dumps(cell).count("0,") < MAX_PARTS
    assert (cell["size"], cell["$list"][0], cell["$list"][1]) == (50, [0] * 50, {"$list": [0] * 8, "size": 50})


def test_an_object_whose_repr_raises_is_shown_by_its_class() -> None:
    class Sulking:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    assert "Sulking object at" in encode_cell(Sulking())["$repr"]
