"""Captures: source is run as a cell, and what it would have shown is returned instead.

Comes in: source text. Goes out: its outputs as a notebook has them, and what it raised. Magics, display hooks, the
value of the last line and the inline backend of matplotlib work as in a cell. A run leaves behind what the source
does to the user's variables, and nothing else: no entry in the history, no `_`, no picture for the next cell.

What threads print is sorted by when they began: those that began during the run belong to it, earlier ones to others.
"""

from __future__ import annotations

import sys
import threading
from collections import defaultdict
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from IPython.core.display_trap import DisplayTrap
from IPython.core.displayhook import DisplayHook

from reactive_nb.engine.interrupts import Uninterrupted
from reactive_nb.errors import ReactiveError, error_text
from reactive_nb.notebook.cell.outputs import Output, Outputs
from reactive_nb.notebook.cell.routes import Publisher, Stream, is_routed
from reactive_nb.notebook.trace import NOTE, short_traceback

Shell = Any
"""An IPython `InteractiveShell`, much of which has no types."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a run.

    Attributes:
        outputs: What it showed, in order.
        error: What it raised, or None.
    """

    outputs: list[Output]
    error: BaseException | None


def captured(shell: Shell, source: str, number: int | None = None) -> Ran:
    r"""Run source as a cell of a shell and return what it showed.

    Args:
        shell: The shell; its variables are those of the source.
        source: What to run, magics and all, without a top-level `await`.
        number: The number of the cell that tracebacks name, `In[number]`.

    Example:
        >>> captured(shell, "print('hello')").outputs
        [{'output_type': 'stream', 'name': 'stdout', 'text': 'hello\n'}]
    """
    run = _Run(shell, source)
    try:
        with Uninterrupted():
            run.begin(shell.execution_count if number is None else number)
        result = shell.run_cell(source, store_history=False)
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            run.close_figures()
    except KeyboardInterrupt as interrupt:  # between two steps of IPython's own, which catches those in the source
        error = interrupt
        run.outputs.fail(interrupt, "", [f"{type(interrupt).__name__}: "])
        run.close_figures()
    finally:
        with Uninterrupted():
            run.end()
    return Ran(run.outputs.list, error)


def error_output(shell: Shell, error: BaseException) -> Output:
    """Return an exception that did not come from a run as the error that a cell shows: without our frames."""
    outputs = Outputs()
    lines = short_traceback(shell, error, tb_offset=0)  # above the user's frames there are none but ours
    # No cell has raised it, so that %reactive traceback does not know of it.
    outputs.fail(error, error_text(error), [line for line in lines if line.rstrip("\n") != NOTE])
    return outputs.list[0]


def refuse_await(shell: Shell, source: str, what: str) -> None:
    """Refuse source that awaits at its top level.

    Raises:
        ReactiveError: It does.
    """
    try:
        transformed = shell.transform_cell(source)
    except SyntaxError:
        return  # running it says what is wrong
    if shell.should_run_async(source, transformed_cell=transformed):
        raise ReactiveError(
            f"Cannot run {what}",
            thing="its source awaits at the top level, and other cells would run while it waits, so that nobody could "
            "tell whose queries and outputs are whose",
            expected="source that runs from its beginning to its end",
            hint="Call the function without await, or await it in a cell of its own and read its result here",
        )


class _Run:
    """One run: puts its own parts into the shell and takes them out again.

    Attributes:
        outputs: What the run has shown so far.
    """

    def __init__(self, shell: Shell, source: str) -> None:
        self.outputs = Outputs()
        self._shell = shell
        self._source = source
        self._thread = threading.current_thread()
        self._others = set(threading.enumerate())
        self._is_over = False
        self._figures = set(_open_figures())
        self._undo = ExitStack()

    def begin(self, number: int) -> None:
        shell = self._shell
        publisher = shell.display_pub
        for name in ("stdout", "stderr"):
            self._set(sys, name, Stream(name, getattr(sys, name), self._mine))
        self._set(shell, "display_pub", Publisher(publisher, self._mine))
        # Within a cell sys.displayhook is the trap's already; between cells the trap sets it.
        self._set(shell, "display_trap", DisplayTrap(hook=self._show_value))  # type: ignore[no-untyped-call]
        self._set(sys, "displayhook", self._show_value)
        self._set(shell, "_showtraceback", self._show_error)
        self._set(shell, "execution_count", number)
        # What IPython notes of the cell around, or of the last one, is not about this run.
        self._set(shell.displayhook, "exec_result", shell.displayhook.exec_result)
        for name in ("last_execution_result", "last_execution_succeeded"):
            self._set(shell, name, getattr(shell, name))
        for name in ("_last_traceback", "_last_traceback_during_displayhook"):  # of a kernel's shell
            if hasattr(shell, name):
                self._set(shell, name, getattr(shell, name))
        if hasattr(shell.history_manager, "outputs"):  # IPython 9 keeps all outputs there
            self._set(shell.history_manager, "outputs", defaultdict(list))
        payloads = list(shell.payload_manager.read_payload())
        self._undo.callback(partial(_restore_payloads, shell.payload_manager, payloads))

    def end(self) -> None:
        self._is_over = True
        self._undo.close()

    def close_figures(self) -> None:
        """Close the figures that the run has made and not shown, which would turn up under another cell."""
        for number in set(_open_figures()) - self._figures:
            sys.modules["matplotlib.pyplot"].close(number)

    def _set(self, target: Any, name: str, value: object) -> None:
        """Set an attribute until the end."""
        before = getattr(target, name)
        is_own = name in vars(target) or (hasattr(target, "has_trait") and target.has_trait(name))
        self._undo.callback(partial(setattr, target, name, before) if is_own else partial(delattr, target, name))
        setattr(target, name, value)

    def _mine(self) -> Outputs | None:
        """Return the outputs if the calling thread is of this run."""
        thread = threading.current_thread()
        is_mine = thread is self._thread or (thread not in self._others and not is_routed())
        return self.outputs if is_mine and not self._is_over else None

    def _show_value(self, value: object = None) -> None:
        if value is None:
            return
        python = self._shell.transform_cell(self._source)
        if DisplayHook.semicolon_at_end_of_expression(python):  # type: ignore[no-untyped-call]
            return
        data, metadata = self._shell.display_formatter.format(value)
        if data:  # else it has displayed itself
            self.outputs.display(data, metadata)

    def _show_error(self, kind: type[BaseException], error: BaseException, lines: Iterable[str]) -> None:
        self.outputs.fail(kind, error_text(error), list(lines))


def _open_figures() -> Iterable[int]:
    pyplot = sys.modules.get("matplotlib.pyplot")
    return [] if pyplot is None else pyplot.get_fignums()


def _restore_payloads(manager: Any, payloads: list[dict[str, Any]]) -> None:
    manager.clear_payload()
    for payload in payloads:
        manager.write_payload(payload, single=False)
