"""Runs beside the cells: what they show is theirs, and the main thread's stays the main thread's."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from reactive_nb.notebook.cell import routes
from reactive_nb.notebook.cell.capture import Ran, captured
from reactive_nb.notebook.cell.thread_run import ran_in_thread

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


@pytest.fixture
def routed_shell(shell: InteractiveShell) -> Iterator[InteractiveShell]:
    yield shell
    routes.uninstall(shell)


def begin(shell: InteractiveShell, source: str) -> tuple[threading.Thread, list[Ran]]:
    routes.install(shell)  # not in the fixture: pytest has streams of its own for each phase
    return start(shell, source)


def start(shell: InteractiveShell, source: str) -> tuple[threading.Thread, list[Ran]]:
    found: list[Ran] = []
    thread = threading.Thread(target=lambda: found.append(ran_in_thread(shell, source, 7)))
    thread.start()
    return thread, found


def run(shell: InteractiveShell, source: str) -> Ran:
    thread, found = begin(shell, source)
    thread.join()
    return found[0]


def texts(ran: Ran) -> list[str]:
    return [output.get("text") or output.get("data", {}).get("text/plain", "") for output in ran.outputs]


def test_it_shows_what_a_cell_shows(routed_shell: InteractiveShell) -> None:
    ran = run(routed_shell, "import sys\nprint('a')\ndisplay('b')\nprint('c', file=sys.stderr)\nx = 1\nx + 1")

    assert texts(ran) == ["a\n", "'b'", "c\n", "2"]
    assert ran.error is None
    assert routed_shell.user_ns["x"] == 1


def test_a_semicolon_hides_the_value_and_magics_work(routed_shell: InteractiveShell) -> None:
    assert texts(run(routed_shell, "1 + 1;")) == []
    assert texts(run(routed_shell, "%precision 2\n1 / 3")) == ["0.33"]
    run(routed_shell, "%precision")


def test_an_error_is_shown_after_what_came_before_it(routed_shell: InteractiveShell) -> None:
    ran = run(routed_shell, "print('before')\n1 / 0")

    assert isinstance(ran.error, ZeroDivisionError)
    assert [output.get("ename") for output in ran.outputs] == [None, "ZeroDivisionError"]
    traceback = "\n".join(ran.outputs[1]["traceback"])
    assert "line 2" in traceback
    assert "thread_run.py" not in traceback


def test_a_source_that_does_not_compile_is_one_error(routed_shell: InteractiveShell) -> None:
    ran = run(routed_shell, "x = ")

    assert isinstance(ran.error, SyntaxError)
    assert [output["ename"] for output in ran.outputs] == ["SyntaxError"]


def test_it_leaves_the_shell_as_it_was(routed_shell: InteractiveShell) -> None:
    before = (routed_shell.execution_count, routed_shell.last_execution_result, routed_shell.user_ns.get("_"))
    run(routed_shell, "1 + 1")

    assert (routed_shell.execution_count, routed_shell.last_execution_result, routed_shell.user_ns.get("_")) == before


def test_two_at_once_and_a_capture_beside_them_do_not_mix(routed_shell: InteractiveShell) -> None:
    names: dict[str, Any] = {"begun": threading.Barrier(3), "go": threading.Barrier(3)}
    routed_shell.user_ns.update(names)
    source = "print('{0} 1')\nbegun.wait()\ngo.wait()\nprint('{0} 2')\n'{0}'"

    one, first = begin(routed_shell, source.format("one"))
    two, second = begin(routed_shell, source.format("two"))
    names["begun"].wait()
    main = captured(routed_shell, "print('main 1')\ngo.wait()\nprint('main 2')")
    one.join()
    two.join()

    assert texts(first[0]) == ["one 1\none 2\n", "'one'"]
    assert texts(second[0]) == ["two 1\ntwo 2\n", "'two'"]
    assert texts(main) == ["main 1\nmain 2\n"]


def test_one_that_begins_during_a_capture_is_not_part_of_it(routed_shell: InteractiveShell) -> None:
    routes.install(routed_shell)
    routed_shell.user_ns["aside"] = lambda: start(routed_shell, "print('aside')\ndisplay('shown')")

    main = captured(routed_shell, "print('main'); thread, found = aside(); thread.join()")

    assert texts(main) == ["main\n"]
    assert texts(routed_shell.user_ns["found"][0]) == ["aside\n", "'shown'"]


def test_what_other_threads_print_goes_where_it_went(
    routed_shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    routes.install(routed_shell)
    sys.stdout.write("plain\n")
    sys.stderr.writelines(["error", "\n"])
    routes.uninstall(routed_shell)

    assert capsys.readouterr() == ("plain\n", "error\n")


def test_what_was_there_is_put_back(shell: InteractiveShell) -> None:
    before = (sys.stdout, sys.stderr, shell.display_pub)

    routes.install(shell)
    routes.install(shell)
    between = sys.stdout
    routes.uninstall(shell)
    routes.uninstall(shell)

    assert between is not before[0]
    assert (sys.stdout, sys.stderr, shell.display_pub) == before


def test_an_error_that_ipython_shows_by_itself_stands_with_the_run(
    routed_shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = run(routed_shell, "class Odd:\n    def __repr__(self): 1 / 0\nOdd()")

    assert [output.get("ename") for output in ran.outputs] == ["ZeroDivisionError"]
    assert "ZeroDivisionError" not in "".join(capsys.readouterr())


def test_an_error_that_ipython_cannot_format_is_shown_as_python_does(
    routed_shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(routed_shell, "InteractiveTB")  # as broken as it can be
    ran = run(routed_shell, "print('a')\n1 / 0")

    (_, output) = ran.outputs
    assert isinstance(ran.error, ZeroDivisionError)
    assert (output["ename"], output["evalue"]) == ("ZeroDivisionError", "division by zero")
    assert output["traceback"][-1] == "ZeroDivisionError: division by zero"
