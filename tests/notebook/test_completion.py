"""Tab after `%reactive` and in SQL, in a real completer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from IPython.core.completer import provisionalcompleter

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.notebook.completion import Completion
from reactive_nb.notebook.sql_completion import SqlCompletion
from tests.notebook.shells import new_shell

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

LIVES = ["board", "latest(channel='general')"]


def suggestions(typed: str) -> tuple[str, list[str]]:
    command, blank, rest = typed.partition(" ")
    offered, fragment = (LIVES, rest) if blank else (["why", "close"], command)
    return fragment, [each for each in offered if each.startswith(fragment)]


@pytest.fixture
def shell(db: Engine) -> Iterator[InteractiveShell]:
    shell = new_shell()
    completion = Completion(shell, suggestions, SqlCompletion(shell, lambda: [db]))
    yield shell
    completion.remove()


def completed(shell: InteractiveShell, text: str, place: int | None = None) -> list[str]:
    """Return the whole text as it would be after each completion, at its end or at a place."""
    place = len(text) if place is None else place
    with provisionalcompleter():
        return [text[: each.start] + each.text + text[each.end :] for each in shell.Completer.completions(text, place)]


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("%reactive ", ["%reactive close", "%reactive why"]),
        ("%reactive wh", ["%reactive why"]),
        ("%reactive why ", ["%reactive why board", "%reactive why latest(channel='general')"]),
        ("%reactive why latest(channel='g", ["%reactive why latest(channel='general')"]),
        ("x = 1\n%reactive cl", ["x = 1\n%reactive close"]),
    ],
)
def test_what_may_follow_is_offered_and_nothing_else(text: str, offered: list[str], shell: InteractiveShell) -> None:
    assert completed(shell, text) == offered


@pytest.mark.parametrize(
    ("before", "after", "offered"),
    [
        ("%rsql select * from fl", "", ["flights"]),
        ("x = %rsql select * from fl", "", ["flights"]),
        ("%rsql --li", "", ["--live"]),
        ("%%rsql --live -", "", ["--db", "-o"]),
        ("%%rsql\nselect ori", "\nfrom flights", ["origin"]),
        ("y = 1\n%rsql select ori", " from flights\nz = 2", ["origin"]),
        ("%%rsql -o n\nselect count(*)\nfrom fl", "\nwhere origin = 'EWR'", ["flights"]),
    ],
)
def test_sql_is_completed_in_lines_and_cells(
    before: str, after: str, offered: list[str], shell: InteractiveShell, db: Engine
) -> None:
    db.define(flights=rnb.table(origin=v.string()))

    found = completed(shell, before + after, len(before))

    begin = before[: max(before.rfind(" "), before.rfind("\n")) + 1]
    assert found == [begin + each + after for each in offered]


@pytest.mark.slow
@pytest.mark.parametrize("text", ["%%rsqlx\nfrom some_t", "from some_t", "# %rsql from some_t", "%rsqlx some_t"])
def test_other_magics_cells_and_lines_are_no_sql(text: str, shell: InteractiveShell, db: Engine) -> None:
    db.define(some_table=rnb.table())

    assert not any("some_table" in each for each in completed(shell, text))


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_the_older_interface_offers_the_same(shell: InteractiveShell) -> None:
    assert shell.complete("", "%reactive why ", len("%reactive why "))[1] == LIVES


@pytest.mark.slow
def test_other_lines_are_left_to_others(shell: InteractiveShell) -> None:
    shell.user_ns["some_number"] = 1

    assert completed(shell, "some_num") == ["some_number"]
    assert "%reload_ext" in completed(shell, "%reload_e")
    assert completed(shell, "x = 1  # %reactive w") != ["x = 1  # %reactive why"]


@pytest.mark.slow
def test_after_its_end_nothing_is_offered(db: Engine) -> None:
    shell = new_shell()
    completion = Completion(shell, suggestions, SqlCompletion(shell, lambda: [db]))
    before = completed(shell, "%reactive wh")

    completion.remove()
    completion.remove()

    assert before == ["%reactive why"]
    assert "%reactive why" not in completed(shell, "%reactive wh")
