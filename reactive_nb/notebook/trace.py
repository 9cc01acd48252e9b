"""Errors on one screen: a cell's traceback shows the user's own frames and the message, and none of ours.

An exception that a cell raised comes in from IPython; what the front end shows as the cell's error goes out. An
exception that never passed through this package looks exactly as it would without us. Nothing is lost: `%tb`, `%debug`
and `%reactive traceback` have the whole exception.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, cast

from IPython.core.error import UsageError

from reactive_nb.errors import ReactiveError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

NOTE = "%reactive traceback shows all frames"

_PACKAGE = __name__.partition(".")[0] + "."
_LIBRARIES = tuple(
    {
        os.path.join(folder, "")  # noqa: PTH118 - with the separator at its end, which a Path drops
        for folder in (
            *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
            *site.getsitepackages(),
            site.getusersitepackages(),
        )
    }
)
_WITH_FRAMES = ("Plain", "Context", "Verbose")


class ErrorDisplay:
    """Shows the errors of a shell's cells, from when it is made until `remove`.

    A handler of exceptions that somebody else had installed before keeps what it handles, and is alone again afterwards.

    Attributes:
        last: The latest exception of a cell; None before the first.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self.last: BaseException | None = None
        self._shell = cast("Any", shell)  # most of its methods that are used here have no types
        self._others, self._others_show = shell.custom_exceptions, shell.CustomTB
        self._shell.set_custom_exc((Exception, *self._others), self._show)
        self._installed = shell.CustomTB

    def remove(self) -> None:
        """Put back what was there, unless somebody else has taken the place meanwhile."""
        if self._shell.CustomTB is self._installed:
            self._shell.custom_exceptions, self._shell.CustomTB = self._others, self._others_show

    def full(self) -> str:
        """Return the whole traceback of the latest exception."""
        if self.last is None:
            return "No cell has raised an exception since reactive_nb was loaded."
        if _has_group(self.last) or self._shell.InteractiveTB.mode not in _WITH_FRAMES:
            return "".join(traceback.format_exception(self.last))
        return str(self._shell.InteractiveTB.stb2text(_formatted(self._shell, self.last, None)))

    def _show(
        self,
        shell: Any,
        kind: type[BaseException],
        error: BaseException,
        frames: TracebackType | None,
        tb_offset: int | None = None,
    ) -> list[str] | None:
        """Show an exception; called by IPython while it is being handled."""
        if isinstance(error, self._others):
            return self._others_show(kind, error, frames, tb_offset)  # type: ignore[no-any-return]
        if not isinstance(error, UsageError):  # a mistyped `%reactive traceback` is not what one wants to look at
            self.last = error
        if not is_ours(error):
            self._show_as_ipython(error)
            return None
        # What IPython does before and after it shows an exception: `%tb`, `%debug` and `%pdb` look here.
        sys.last_type, sys.last_value, sys.last_traceback = kind, error, frames
        if sys.version_info >= (3, 12):
            sys.last_exc = error
        try:
            shown = short_traceback(shell, error, tb_offset)
            shell._showtraceback(kind, error, shown)
        except KeyboardInterrupt:
            print("\n" + shell.get_exception_only(), file=sys.stderr)  # noqa: T201 - as IPython says it
            return None
        if shell.call_pdb:
            shell.debugger(force=True)
        return shown

    def _show_as_ipython(self, error: BaseException) -> None:
        shell = self._shell
        if _is_of_running(shell, error):
            shell.showtraceback(running_compiled_code=True)
        elif isinstance(error, IndentationError):
            shell.showindentationerror()
        else:
            shell.showsyntaxerror()


def is_ours(error: BaseException) -> bool:
    """Whether to show an exception without our frames: it, or one that is shown with it, passed through some.

    Not those that say themselves how they are shown, and those that IPython shows without any frames.
    """
    if isinstance(error, SyntaxError | UsageError) or hasattr(error, "_render_traceback_"):
        return False
    return any(_is_of_package(entry.tb_frame) for each in _shown_with(error) for entry in _entries(each.__traceback__))


def short_traceback(shell: InteractiveShell, error: BaseException, tb_offset: int | None = None) -> list[str]:
    """Return what IPython would show of an exception, in its present mode, without our frames.

    Args:
        shell: Its mode and colours are used.
        error: The exception, with its traceback.
        tb_offset: How many frames to leave out at the top; by default as many as IPython's own run of a cell has.
    """
    whole = error.__traceback__
    with _shortened(error):
        if _has_group(error):  # which IPython does not format either
            shown = "".join(_format_group(error)).rstrip("\n").split("\n")
        else:
            shown = _formatted(shell, error, tb_offset)
    shell.InteractiveTB.tb = whole  # where `%debug` starts
    last = "\n" if shown and shown[-1].endswith("\n") else ""
    return [*shown, NOTE + last]


def facts_text(error: ReactiveError) -> str:
    """Return the four facts of an error, each on its own line."""
    return f"{error.what}\n  because   {error.thing}\n  expected  {error.expected}\n  hint      {error.hint}"


def _formatted(shell: InteractiveShell, error: BaseException, tb_offset: int | None) -> list[str]:
    return shell.InteractiveTB.structured_traceback(type(error), error, error.__traceback__, tb_offset=tb_offset)


def _format_group(error: BaseException) -> list[str]:
    frames = error.__traceback__
    while frames is not None and frames.tb_next is not None and _is_of_library(frames.tb_frame):
        frames = frames.tb_next  # IPython's own, above the cell
    return traceback.format_exception(type(error), error, frames)


@contextmanager
def _shortened(error: BaseException) -> Iterator[None]:
    """Take our frames out of an exception, and of all that are shown with it, while the block runs.

    The exceptions themselves are changed, and put right at the end. Copies would be cleaner, but an exception class of
    a user need not be one that can be copied.
    """
    before = [(each, each.__traceback__, each.__suppress_context__, each.args) for each in _shown_with(error)]
    try:
        for each, frames, _, _ in before:
            context = each.__context__
            if each.__cause__ is None and context is not None and _is_inside(context):
                each.__suppress_context__ = True
            each.__traceback__ = _users_frames(frames)
            if isinstance(each, ReactiveError):
                each.args = (facts_text(each),)
        yield
    finally:
        for each, frames, suppress, args in before:
            each.__traceback__, each.__suppress_context__, each.args = frames, suppress, args


def _users_frames(frames: TracebackType | None) -> TracebackType | None:
    """Return a traceback without those stretches of library frames in which there are frames of ours.

    So `contextlib` goes where it stands between a cell and us, and pandas stays where a user's query called it.
    """
    kept: list[TracebackType] = []
    for is_of_library, stretch in groupby(_entries(frames), lambda entry: _is_of_library(entry.tb_frame)):
        entries = list(stretch)
        if not (is_of_library and any(_is_of_package(entry.tb_frame) for entry in entries)):
            kept += entries
    made = None
    for entry in reversed(kept):
        made = TracebackType(made, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return made


def _shown_with(error: BaseException) -> list[BaseException]:
    """Return an exception and all that a traceback shows with it: causes, contexts, members of groups."""
    found: dict[int, BaseException] = {}
    left: list[BaseException | None] = [error]
    while left:
        each = left.pop()
        if each is None or id(each) in found:
            continue
        found[id(each)] = each
        left.append(each.__cause__ if each.__cause__ is not None or each.__suppress_context__ else each.__context__)
        if isinstance(each, BaseExceptionGroup):
            left.extend(each.exceptions)
    return list(found.values())


def _entries(frames: TracebackType | None) -> Iterator[TracebackType]:
    while frames is not None:
        yield frames
        frames = frames.tb_next


def _is_inside(error: BaseException) -> bool:
    """Whether an exception was raised and handled among our frames, so that it says nothing to a user."""
    entries = list(_entries(error.__traceback__))
    return any(_is_of_package(entry.tb_frame) for entry in entries) and _users_frames(error.__traceback__) is None


def _is_of_package(frame: FrameType) -> bool:
    return f"{frame.f_globals.get('__name__')}.".startswith(_PACKAGE)


def _is_of_library(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    return _is_of_package(frame) or file.startswith(_LIBRARIES) or file.startswith("<frozen ")


def _has_group(error: BaseException) -> bool:
    return any(isinstance(each, BaseExceptionGroup) for each in _shown_with(error))


def _is_of_running(shell: InteractiveShell, error: BaseException) -> bool:
    """Whether the cell ran already, and was not only compiled: then its own frame is there."""
    names: dict[str, Any] = shell.user_global_ns
    return any(entry.tb_frame.f_globals is names for entry in _entries(error.__traceback__))
