"""Routes: where goes what a thread prints and displays. Several cells may run at once, each on a thread of its own.

Comes in: what any thread writes to `sys.stdout` or displays. Goes out: the same, to the outputs of the run that the
thread belongs to, or to where it went before.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from IPython.core.displaypub import DisplayPublisher

from reactive_nb.errors import error_text
from reactive_nb.notebook.cell.outputs import Outputs

Mine = Callable[[], Outputs | None]
"""Returns the outputs that the calling thread writes to, or None if they go elsewhere."""


class Stream:
    """Takes the place of `sys.stdout` or `sys.stderr`.

    Args:
        name: `stdout` or `stderr`.
        before: What was there.
        mine: Tells whose the text is.
    """

    def __init__(self, name: str, before: Any, mine: Mine) -> None:
        self._name = name
        self.before = before
        self._mine = mine

    def write(self, text: str) -> int:
        """Write text."""
        outputs = self._mine()
        if outputs is None:
            return int(self.before.write(text) or 0)
        if text:
            outputs.write(self._name, text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.before, name)


class Publisher(DisplayPublisher):
    """Takes the place of what `display` calls.

    Args:
        before: What was there.
        mine: Tells whose the display is.
    """

    is_captured = True
    """Whether what the main thread displays is kept from the pages until the run is over."""

    def __init__(self, before: DisplayPublisher, mine: Mine) -> None:
        self.before = before  # read by `__getattr__`
        super().__init__()  # type: ignore[no-untyped-call]
        self._mine = mine

    def publish(  # type: ignore[override]  # IPython's takes an obsolete argument between these
        self,
        data: dict[str, Any],
        metadata: dict[str, Any] | None = None,
        *,
        transient: dict[str, Any] | None = None,
        update: bool = False,
        **options: Any,
    ) -> None:
        """Display something, or in place of something."""
        display_id = (transient or {}).get("display_id")
        outputs = self._mine()
        if outputs is not None and not update:
            outputs.display(data, metadata, display_id)
        elif not (update and outputs is not None and outputs.update(data, metadata, display_id)):
            self.before.publish(data, metadata, transient=transient, update=update, **options)

    def clear_output(self, wait: bool = False) -> None:
        """Drop what was displayed."""
        outputs = self._mine()
        if outputs is not None:
            outputs.clear(wait)
        else:
            self.before.clear_output(wait)  # type: ignore[no-untyped-call]

    def __getattr__(self, name: str) -> Any:
        # A kernel tells its publisher of each message that another thread takes meanwhile.
        return getattr(self.before, name)


class Errors:
    """Takes the place of what IPython calls to show an error by itself, such as that of a `__repr__`.

    Args:
        before: What was there.
        mine: Tells whose the error is.
    """

    def __init__(self, before: Callable[..., Any], mine: Mine) -> None:
        self.before = before
        self._mine = mine

    def __call__(self, kind: type[BaseException], error: BaseException, lines: Iterable[str]) -> None:
        """Show an error."""
        outputs = self._mine()
        if outputs is None:
            self.before(kind, error, lines)
        else:
            outputs.fail(kind, error_text(error), list(lines))


# ------------------------------------------------------------------ threads with outputs of their own

_outputs: dict[int, Outputs] = {}
"""Of each thread that runs a cell beside the others, by its identifier."""


@contextmanager
def routed(outputs: Outputs) -> Iterator[None]:
    """Let what this thread shows inside go to outputs of its own; `install` comes first."""
    _outputs[threading.get_ident()] = outputs
    try:
        yield
    finally:
        del _outputs[threading.get_ident()]


def is_routed() -> bool:
    """Whether the calling thread has outputs of its own."""
    return threading.get_ident() in _outputs


def install(shell: Any) -> None:
    """Have `routed` work in a shell; on its main thread, while a cell runs."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, _RoutedStream):
            setattr(sys, name, _RoutedStream(name, stream, _routed_outputs))
    if not isinstance(shell.display_pub, _RoutedPublisher):
        shell.display_pub = _RoutedPublisher(shell.display_pub, _routed_outputs)
    if not isinstance(shell._showtraceback, Errors):
        shell._showtraceback = Errors(shell._showtraceback, _routed_outputs)


def uninstall(shell: Any) -> None:
    """Put back what was there before `install`, where nobody else has taken the place meanwhile."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, _RoutedStream):
            setattr(sys, name, stream.before)
    if isinstance(shell.display_pub, _RoutedPublisher):
        shell.display_pub = shell.display_pub.before
    if isinstance(shell._showtraceback, Errors):
        shell._showtraceback = shell._showtraceback.before


class _RoutedStream(Stream):
    """Is there from `install` to `uninstall`; those of a capture for one run."""


class _RoutedPublisher(Publisher):
    """As well."""

    is_captured = False


def _routed_outputs() -> Outputs | None:
    return _outputs.get(threading.get_ident())
