"""Which database a cell means, where several are open, one, or none."""

from __future__ import annotations

import pytest

from reactive_nb.errors import QueryUsageError
from reactive_nb.notebook.databases import database_of
from tests.conftest import Connect


def test_the_named_one_counts_before_all_others(connect: Connect) -> None:
    one, two = connect(), connect()

    assert database_of([one, two], {"db": one, "other": two}, "other", otherwise=one) is two


def test_without_a_name_it_is_the_one_that_the_cell_follows_or_the_only_one(connect: Connect) -> None:
    one, two = connect(), connect()

    assert database_of([one, two], {}, None, otherwise=two) is two
    assert database_of([one], {}, None) is one


def test_a_closed_one_does_not_count(connect: Connect) -> None:
    one, two = connect(), connect()
    one.close()

    assert database_of([one, two], {"db": one}, None) is two
    with pytest.raises(QueryUsageError, match=r"db holds no open database.*one of: two\."):
        database_of([one, two], {"db": one, "two": two, "_": two}, "db")


def test_without_any_it_says_what_could_not_be_done_and_how_to_open_one() -> None:
    with pytest.raises(QueryUsageError) as raised:
        database_of([], {}, None, what="Cannot keep the job 'feed'")

    assert str(raised.value) == (
        "Cannot keep the job 'feed': no database is open. Expected one open database, or a variable that holds the one "
        "to use. Open one before: db = reactive_nb.connect(...)."
    )
