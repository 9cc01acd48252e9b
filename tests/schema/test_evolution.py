"""From one declaration to the next: what is to be done, and how it reads."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from reactive_nb.schema.declaration import Table, table
from reactive_nb.schema.evolution import Evolution, TableChange, table_change
from reactive_nb.values.validators import v

NAMED = table(name=v.string(), age=v.number())
BY_NAME = NAMED.index("by_name", "name")
BY_AGE = NAMED.index("by_age", "age")
SEARCHED = NAMED.search_index("search_name", "name", filter_fields=["age"])
PLACED = table().vector_index("by_place", "place", dimensions=2)


@dataclass
class Step:
    name: str
    before: Table | None
    after: Table
    text: str


STEPS = [
    Step("a new table", None, NAMED, "users: created"),
    Step("a new table with indexes", None, BY_NAME.index("by_age", "age"), "users: created, with by_name, by_age"),
    Step("another index", NAMED, BY_NAME, "users: index by_name filled"),
    Step("one index less", BY_NAME, NAMED, "users: index by_name dropped"),
    Step("one index for another", BY_NAME, BY_AGE, "users: index by_age filled, index by_name dropped"),
    Step("other fields of an index", BY_NAME, NAMED.index("by_name", "age"), "users: index by_name filled"),
    Step(
        "an index that becomes unique",
        BY_NAME,
        NAMED.index("by_name", "name", unique=True),
        "users: index by_name filled",
    ),
    Step(
        "a new table that is searched",
        None,
        SEARCHED.index("by_age", "age"),
        "users: created, with by_age, search_name",
    ),
    Step("a search index", NAMED, SEARCHED, "users: index search_name filled"),
    Step("one search index less", SEARCHED, NAMED, "users: index search_name dropped"),
    Step(
        "a search index for an index",
        BY_NAME,
        SEARCHED,
        "users: index search_name filled, index by_name dropped",
    ),
    Step(
        "a search index of an index's name",
        BY_NAME,
        NAMED.search_index("by_name", "name"),
        "users: index by_name filled",
    ),
    Step(
        "other filter fields",
        SEARCHED,
        NAMED.search_index("search_name", "name"),
        "users: index search_name filled",
    ),
    Step(
        "another metric",
        PLACED,
        table().vector_index("by_place", "place", dimensions=2, metric="l2"),
        "users: index by_place filled",
    ),
    Step(
        "an index beside a search index",
        PLACED,
        PLACED.index("by_age", "age"),
        "users: index by_age filled",
    ),
    Step("another field", NAMED, table(name=v.string()), "users: documents checked"),
    Step("a declaration where there was none", table(), NAMED, "users: documents checked"),
    Step("no declaration any more", NAMED, table(), "users: unchanged"),
    Step(
        "everything at once",
        BY_NAME,
        table(age=v.int64()).index("by_age", "age"),
        "users: documents checked, index by_age filled, index by_name dropped",
    ),
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_a_step_says_what_was_done(step: Step) -> None:
    change = table_change("users", step.before, step.after)

    assert str(change) == step.text


def test_the_same_declaration_is_no_change() -> None:
    assert table_change("users", BY_NAME, NAMED.index("by_name", "name")) is None


def test_a_change_lists_the_indexes_themselves() -> None:
    change = table_change("users", BY_NAME, BY_AGE)

    assert change == TableChange("users", created=False, checked=False, filled=BY_AGE.indexes, dropped=BY_NAME.indexes)


def test_a_change_lists_the_search_indexes_after_the_others() -> None:
    after = PLACED.index("by_age", "age")

    change = table_change("users", SEARCHED.index("by_name", "name"), after)

    assert change is not None
    assert change.filled == (*after.indexes, *after.searches)
    assert [each.name for each in change.dropped] == ["by_name", "search_name"]


def test_an_evolution_is_read_line_by_line() -> None:
    created = table_change("users", None, NAMED)
    indexed = table_change("messages", NAMED, BY_NAME)
    assert created is not None
    assert indexed is not None

    assert repr(Evolution((created, indexed))) == "users: created\nmessages: index by_name filled"
    assert repr(Evolution(())) == "nothing changed"
