"""Tab after `%reactive` in a real completer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from IPython.core.completer import provisionalcompleter

from reactive_nb.notebook.completion import Completion
from tests.notebook.shells import new_shell

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

LIVES = ["board", "latest(channel='general')"]


def suggestions(typed: str) -> tuple[str, list[str]]:
    command, blank, rest = typed.partition(" ")
    offered, fragment = (LIVES, rest) if blank else (["why", "close"], command)
    return fragment, [each for each in offered if each.startswith(fragment)]


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    shell = new_shell()
    completion = Completion(shell, suggestions)
    yield shell
    completion.remove()


def completed(shell: InteractiveShell, text: str) -> list[str]:
    """Return the whole text as it would be after each completion."""
    with provisionalcompleter():
        return [
            text[: each.start] + each.text + text[each.end :] for each in shell.Completer.completions(text, len(text))
        ]


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


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_the_older_interface_offers_the_same(shell: InteractiveShell) -> None:
    assert shell.complete("", "%reactive why ", len("%reactive why "))[1] == LIVES


@pytest.mark.slow
def test_other_lines_are_left_to_others(shell: InteractiveShell) -> None:
    shell.user_ns["some_number"] = 1

    assert completed(shell, "some_num") == ["some_number"]
    assert "%reload_ext" in completed(shell, "%reload_e")
    assert completed(shell, "x = 1  # %reactive w") != ["x = 1  # %reactive why"]


def test_after_its_end_nothing_is_offered() -> None:
    shell = new_shell()
    completion = Completion(shell, suggestions)
    before = completed(shell, "%reactive wh")

    completion.remove()
    completion.remove()

    assert before == ["%reactive why"]
    assert "%reactive why" not in completed(shell, "%reactive wh")
