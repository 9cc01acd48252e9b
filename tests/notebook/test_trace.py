"""What a cell shows of an exception: in a shell mode by mode, and in a kernel as the front end gets it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbclient import NotebookClient

from reactive_nb.notebook.trace import NOTE, ErrorDisplay
from tests.notebook.shells import new_shell

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

SETUP = """\
import reactive_nb as rnb
from reactive_nb import v
db = rnb.connect()
db.define(notes=rnb.table(body=v.string()).index("by_body", "body"))
@db.mutation
def write(ctx, body):
    return ctx.db.insert("notes", {"body": body})
@db.query
def divided(ctx, by: int):
    return helper(by)
def helper(by):
    return 1 / by
"""
CONFLICT = """\
with db.transaction() as tx:
    tx.db.query("notes").collect()
    write("first")
    tx.db.insert("notes", {"body": "second"})
"""
OURS = "reactive_nb/"


@pytest.fixture
def bare() -> Iterator[InteractiveShell]:
    """A shell with a database, and with IPython's own errors."""
    shell = new_shell()
    shell.run_cell(SETUP).raise_error()
    yield shell
    shell.user_ns["db"].close()


@pytest.fixture
def display(bare: InteractiveShell) -> ErrorDisplay:
    return ErrorDisplay(bare)


@pytest.fixture
def shell(bare: InteractiveShell, display: ErrorDisplay) -> InteractiveShell:
    return bare


def shown(shell: InteractiveShell, cell: str, capsys: pytest.CaptureFixture[str], mode: str = "Context") -> str:
    """Run a cell that raises and return all that it printed."""
    shell.InteractiveTB.set_mode(mode)
    capsys.readouterr()
    assert not shell.run_cell(cell).success
    printed = capsys.readouterr()
    return printed.out + printed.err


@pytest.mark.parametrize("mode", ["Plain", "Context", "Verbose"])
def test_the_frames_of_the_user_are_shown_and_ours_are_not(
    mode: str, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(shell, "divided(0)", capsys, mode)

    assert OURS not in text
    assert [line in text for line in ("divided(0)", "return helper(by)", "return 1 / by")] == [True] * 3
    assert text.rstrip().endswith(f"ZeroDivisionError: division by zero\n{NOTE}")


def test_the_mode_is_the_one_of_the_shell(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    plain = shown(shell, "divided(0)", capsys, "Plain")
    context = shown(shell, "divided(0)", capsys, "Context")
    verbose = shown(shell, "divided(0)", capsys, "Verbose")

    assert plain.startswith("Traceback (most recent call last):")
    assert "----> 1 divided(0)" in context
    assert "by = 0" not in context
    assert "by = 0" in verbose
    assert shown(shell, "divided(0)", capsys, "Minimal") == f"ZeroDivisionError: division by zero\n{NOTE}\n\n"


def test_the_four_facts_have_a_line_each(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(shell, "write(1)", capsys)

    assert text.endswith(
        "\nDocumentValidationError: Cannot insert into notes\n"
        "  because   $.body is 1 (int)\n"
        "  expected  a string\n"
        f"  hint      Pass a str\n{NOTE}\n"
    )
    assert str(sys.last_value).count("\n") == 0


def test_library_frames_between_a_cell_and_us_go_and_those_that_a_user_called_stay(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell("import json\n@db.query\ndef parsed(ctx):\n    return json.loads('{')").raise_error()

    conflict = shown(shell, CONFLICT, capsys)
    parsed = shown(shell, "parsed()", capsys)

    assert "contextlib" not in conflict
    assert "with db.transaction() as tx:" in conflict
    assert "json/decoder.py" in parsed
    assert OURS not in conflict + parsed


def test_causes_and_contexts_are_shown_without_our_frames(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    cause = shown(shell, "try:\n    write(1)\nexcept Exception as e:\n    raise KeyError('mine') from e", capsys)
    context = shown(shell, "try:\n    divided(0)\nexcept Exception:\n    raise KeyError('mine')", capsys)

    assert OURS not in cause + context
    assert "was the direct cause of" in cause
    assert "  because   $.body is 1 (int)\n" in cause
    assert "During handling of the above exception" in context
    assert "return 1 / by" in context
    assert NOTE in cause
    assert NOTE in context


def test_a_context_from_inside_says_nothing_and_a_cause_from_inside_is_shown(
    shell: InteractiveShell, display: ErrorDisplay, capsys: pytest.CaptureFixture[str]
) -> None:
    inside: dict[str, Any] = {"__name__": "reactive_nb.made_for_this_test"}
    exec(
        "def context():\n try:\n  {}['inner']\n except KeyError:\n  raise ValueError('outer')\n"
        "def cause():\n try:\n  {}['inner']\n except KeyError as e:\n  raise ValueError('outer') from e\n",
        inside,
    )
    shell.user_ns.update({name: inside[name] for name in ("context", "cause")})

    context = shown(shell, "context()", capsys)
    cause = shown(shell, "cause()", capsys)

    assert "inner" not in context
    assert "KeyError: 'inner'" in cause
    assert "made_for_this_test" not in context + cause
    assert "inner" in display.full()


def test_the_members_of_a_group_are_shown_without_our_frames(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = "try:\n    write(1)\nexcept Exception as e:\n    raise ExceptionGroup('two', [e, ValueError(2)]) from None"
    text = shown(shell, cell, capsys)

    assert OURS not in text
    assert "IPython" not in text
    assert "    |   because   $.body is 1 (int)\n" in text
    assert "ValueError: 2" in text
    assert text.endswith(f"{NOTE}\n")


def entries(frames: TracebackType | None) -> int:
    return 0 if frames is None else 1 + entries(frames.tb_next)


def test_nothing_of_the_exception_is_lost(
    shell: InteractiveShell, display: ErrorDisplay, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(shell, "write(1)", capsys)
    for_debugger = shell.InteractiveTB.tb
    whole = display.full()
    shell.showtraceback()  # what %tb does
    by_ipython = capsys.readouterr().out

    assert display.last is sys.last_value
    assert for_debugger is sys.last_traceback is sys.last_value.__traceback__
    assert entries(sys.last_traceback) > 8 > text.count("File ")
    assert [each.count(OURS) > 5 for each in (whole, by_ipython)] == [True, True]
    assert [each.count("Cannot insert into notes: $.body is 1") for each in (whole, by_ipython)] == [1, 1]


def test_the_debugger_starts_by_itself_when_pdb_is_on(
    shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started: list[bool] = []
    monkeypatch.setattr(shell.InteractiveTB, "debugger", lambda force: started.append(force))
    shell.call_pdb = True

    shown(shell, "write(1)", capsys)

    assert started == [True]


@pytest.mark.parametrize("mode", ["Minimal", "Context"])
def test_the_full_traceback_has_all_frames_in_every_mode(
    mode: str, shell: InteractiveShell, display: ErrorDisplay, capsys: pytest.CaptureFixture[str]
) -> None:
    shown(shell, "write(1)", capsys, mode)

    assert display.full().count(OURS) > 5


def test_the_full_traceback_is_not_of_a_mistyped_magic(
    shell: InteractiveShell, display: ErrorDisplay, capsys: pytest.CaptureFixture[str]
) -> None:
    before = display.full()
    shown(shell, "write(1)", capsys)
    shown(shell, "%no_such_magic", capsys)

    assert before == "No cell has raised an exception since reactive_nb was loaded."
    assert "Cannot insert into notes" in display.full()


NOT_OURS = [
    "1 / 0",
    "1 +",
    "def f():\nx",
    "compile('1 +', 'x', 'exec')",
    "%no_such_magic",
    "raise KeyboardInterrupt",
    "raise ExceptionGroup('two', [ValueError(1), ValueError(2)])",
    "try:\n    1 / 0\nexcept Exception as e:\n    raise KeyError(1) from e",
    "import sys; sys.exit(3)",
    # These do pass through our frames.
    "db.read(lambda ctx: compile('1 +', 'x', 'exec'))",
    "from IPython.core.error import UsageError\ndef f(ctx):\n    raise UsageError('one sentence')\ndb.read(f)",
]


@pytest.mark.filterwarnings("ignore:To exit")
@pytest.mark.parametrize("cell", NOT_OURS)
def test_what_does_not_concern_us_looks_as_without_us(
    cell: str, bare: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    without_us = shown(bare, cell, capsys)
    ErrorDisplay(bare)
    with_us = shown(bare, cell, capsys)

    def numberless(text: str) -> str:
        return re.sub(r"<ipython-input[^>]*>", "<cell>", text)

    assert numberless(with_us) == numberless(without_us)
    assert NOTE not in with_us


def test_an_exception_that_says_how_it_is_shown_is_shown_so(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = (
        "class Own(Exception):\n    def _render_traceback_(self):\n        return ['as I want']\n"
        "@db.query\ndef owned(ctx):\n    raise Own()\nowned()"
    )

    assert shown(shell, cell, capsys) == "as I want\n"


def test_a_shell_may_have_its_own_way_with_wrong_indentation(
    shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shell, "showindentationerror", lambda: sys.stdout.write("in its own way\n"))

    assert shown(shell, "def f():\nx", capsys) == "in its own way\n"


def say_handled(shell: InteractiveShell, kind: Any, error: Any, frames: Any, tb_offset: Any = None) -> None:
    sys.stdout.write("handled\n")


def test_a_handler_that_was_there_keeps_what_it_handles_and_is_alone_again_afterwards(
    bare: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    bare.set_custom_exc((ZeroDivisionError, KeyboardInterrupt), say_handled)
    before = bare.custom_exceptions, bare.CustomTB
    display = ErrorDisplay(bare)

    assert shown(bare, "divided(0)", capsys) == "handled\n"
    assert shown(bare, "raise KeyboardInterrupt", capsys) == "handled\n"
    assert NOTE in shown(bare, "write(1)", capsys)
    display.remove()

    assert (bare.custom_exceptions, bare.CustomTB) == before
    assert OURS in shown(bare, "write(1)", capsys)


def test_a_handler_that_came_later_stays(bare: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    display = ErrorDisplay(bare)
    bare.set_custom_exc((Exception,), say_handled)

    display.remove()

    assert shown(bare, "write(1)", capsys) == "handled\n"


KERNEL_CELLS = {
    "a bad insert": ("write(1)", ["Cannot insert into notes", "$.body is 1 (int)", "a string", "Pass a str"]),
    "an unknown index": (
        "db.read(lambda ctx: ctx.db.query('notes').with_index('by_nothing').collect())",
        ["UnknownIndex", "by_nothing", "db.read(lambda ctx"],
    ),
    "an exception of a user": ("divided(0)", ["ZeroDivisionError", "return helper(by)", "return 1 / by"]),
    "a conflict": (CONFLICT, ["ConflictError", "Cannot commit the transaction block", "with db.transaction() as tx:"]),
    "a wrong argument": ("divided(bye=1)", ["ArgumentValidationError", "'bye' is not one of its arguments"]),
    "another thread": ("await write.call(1)", ["Cannot insert into notes", "await write.call(1)"]),
}


@pytest.mark.slow
def test_in_a_kernel_an_error_is_an_error_output_of_one_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    sources = [f"%load_ext reactive_nb\n{SETUP}", *(cell for cell, _ in KERNEL_CELLS.values()), "%reactive traceback"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])

    NotebookClient(book, timeout=120, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}).execute()

    setup, *cells, last = book.cells
    assert setup.outputs == []
    for kind, cell in zip(KERNEL_CELLS, cells, strict=True):
        assert [output.output_type for output in cell.outputs] == ["error"], kind
        (output,) = cell.outputs
        lines = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(output.traceback)).rstrip().split("\n")
        text = "\n".join(lines)
        assert [part for part in KERNEL_CELLS[kind][1] if part not in text] == [], text
        assert (len(lines) <= 25, OURS in text, lines[-1]) == (True, False, NOTE), text
        assert output.evalue.count("\n") == 0
    assert "reactive_nb/functions" in last.outputs[0].text
