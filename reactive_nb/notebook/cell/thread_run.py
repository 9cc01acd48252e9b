"""A run beside the cells: source is run on the calling thread, and what it would have shown is returned instead.

IPython's own way to run a cell is made for one thread: it changes the display hook, the counter and the last error of
the whole shell. So the source is transformed and compiled by IPython, and run here: magics work, the value of the last
line is shown, pictures of matplotlib are shown when they are displayed.
"""

from __future__ import annotations

import ast
import traceback
from typing import Any

from IPython.core.displayhook import DisplayHook

from reactive_nb.errors import error_text
from reactive_nb.notebook.cell.capture import Ran, Shell, error_output
from reactive_nb.notebook.cell.outputs import Output, Outputs
from reactive_nb.notebook.cell.routes import routed


def ran_in_thread(shell: Shell, source: str, number: int) -> Ran:
    """Run source on this thread, which is not the main one, and return what it showed.

    Args:
        shell: The shell; its variables are those of the source. `routes.install` has been called for it.
        source: What to run, without a top-level `await`.
        number: The number of the cell that tracebacks name.
    """
    outputs = Outputs()
    with routed(outputs):
        try:
            python = shell.transform_cell(source)
            value = _run(shell, python, shell.compile.cache(python, number, raw_code=source))
            if value is not None and not DisplayHook.semicolon_at_end_of_expression(python):  # type: ignore[no-untyped-call]
                data, metadata = shell.display_formatter.format(value)
                if data:  # else it has displayed itself
                    outputs.display(data, metadata)
        except BaseException as error:  # noqa: BLE001 - the user's, and shown in place
            return Ran([*outputs.list, _shown(shell, error)], error)
    return Ran(outputs.list, None)


def _shown(shell: Shell, error: BaseException) -> Output:
    """Return an error as the cell shows it.

    IPython has one formatter for all threads, which may fail on this one while another thread uses it; then the error is
    shown as Python does.
    """
    try:
        return error_output(shell, error)
    except Exception:  # noqa: BLE001 - whatever state the formatter is in: the user's error must not be lost for it
        outputs = Outputs()
        outputs.fail(error, error_text(error), "".join(traceback.format_exception(error)).splitlines())
        return outputs.list[0]


def _run(shell: Shell, python: str, file: str) -> Any:
    """Run Python and return the value of its last line."""
    lines = shell.compile.ast_parse(python, file).body
    last = lines.pop() if lines and isinstance(lines[-1], ast.Expr) else None
    names, own = shell.user_global_ns, shell.user_ns
    exec(compile(ast.Module(lines, []), file, "exec"), names, own)
    return None if last is None else eval(compile(ast.Expression(last.value), file, "eval"), names, own)
