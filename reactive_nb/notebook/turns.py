"""Turns: jobs that run on the kernel's main thread, between cells, one at a time.

Comes in: a job, from any thread. Goes out: the same job, called on the thread on which cells run, when none is running.
A job that is queued again before its turn has one turn, and the newest of its functions is called.

A kernel's event loop also runs while a cell awaits, so that the loop alone does not tell when a cell is over; IPython's
events do. Between cells the kernel ignores an interrupt; while a job runs it raises KeyboardInterrupt, so that the
interrupt button ends a job as it ends a cell.
"""

from __future__ import annotations

import _thread
import asyncio
import contextvars
import logging
import signal
import threading
import weakref
from collections.abc import Callable, Hashable
from types import FrameType
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython

from reactive_nb.engine.interrupts import Uninterrupted, UninterruptedLock

if TYPE_CHECKING:
    from IPython.core.events import EventManager
    from IPython.core.interactiveshell import InteractiveShell

logger = logging.getLogger("reactive_nb")

Act = Callable[[], object]
Failed = Callable[[BaseException], object]

_UNKNOWN_CELL = object()


class Turns:
    """The queue of jobs.

    Thread rule: `soon` and `forget` may be called from any thread; jobs run on the main thread only.

    Args:
        events: IPython's, which say when cells begin and end; None where there are no cells.
        call: Has a function called on the main thread soon; any thread calls it. None where no event loop runs between
            cells: jobs then run when a cell ends, or at once if the main thread asks while no cell is running.
        in_cell: Whether a cell is running already; asked when it begins to listen to `events`.
        tell: Told "busy" before a job and "idle" after it.
    """

    def __init__(
        self,
        events: EventManager | None,
        call: Callable[[Act], object] | None,
        in_cell: Callable[[], bool] = lambda: False,
        tell: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._events = events
        self._call = call
        self._in_cell = in_cell
        self._tell = tell
        self._lock = UninterruptedLock()
        self._jobs: dict[Hashable, tuple[Act, Failed]] = {}
        self._asked = False  # whether the main thread has been asked for a turn that has not come yet
        self._in_job = False
        self._can_interrupt = False
        self._is_interrupted = False
        # Those that run now, innermost last: a cell may run others, and each ends by itself.
        self._cells: list[object] = []
        self._listens = False
        self._listen()

    def soon(self, job: Act, key: Hashable | None = None, failed: Failed | None = None) -> None:
        """Have a job run in a turn of its own.

        Args:
            job: What to call.
            key: What makes it the same job as another one that waits; by default the function itself.
            failed: Called with what it raised, KeyboardInterrupt among it; by default that is logged.
        """
        self._listen()
        with self._lock:
            # One that waits already keeps its place.
            self._jobs[job if key is None else key] = (job, failed or _log)
        if self._call is not None:
            self._ask(self._call)
        elif threading.current_thread() is threading.main_thread():
            self._run_all()

    def forget(self, key: Hashable) -> None:
        """Drop a job that has not had its turn; nothing happens to one that runs."""
        with self._lock:
            self._jobs.pop(key, None)

    @staticmethod
    def interrupt() -> None:
        """Interrupt the job that runs now, as the interrupt button does; any thread may, if it knows that one runs."""
        main = threading.main_thread().ident
        if hasattr(signal, "pthread_kill") and main is not None:
            signal.pthread_kill(main, signal.SIGINT)  # it also wakes what waits in C, such as time.sleep
        else:
            _thread.interrupt_main()

    @property
    def waiting(self) -> int:
        """How many jobs wait."""
        with self._lock:
            return len(self._jobs)

    def close(self) -> None:
        """Drop all jobs that wait, and hear of cells no more until there is another job."""
        with self._lock:
            self._jobs.clear()
            if self._events is not None and self._listens:
                self._listens = False
                self._events.unregister("pre_run_cell", self._on_cell)
                self._events.unregister("post_run_cell", self._on_cell_over)

    # ------------------------------------------------------------------ cells

    def _listen(self) -> None:
        with self._lock:
            if self._events is not None and not self._listens:
                self._listens = True
                self._cells = [_UNKNOWN_CELL] if self._in_cell() else []
                self._events.register("pre_run_cell", self._on_cell)
                self._events.register("post_run_cell", self._on_cell_over)

    def _on_cell(self, info: object) -> None:
        if threading.current_thread() is threading.main_thread():  # others run cells too, which nobody waits for
            with self._lock:
                self._cells.append(info)

    def _on_cell_over(self, result: Any) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        info = getattr(result, "info", None)
        with self._lock:
            if info in self._cells:
                self._cells.remove(info)
            elif self._cells and not _is_empty(info):
                # Its beginning was not seen, or it was interrupted, and then IPython does not say which one it was.
                self._cells.pop()
        if self._call is not None:
            self._ask(self._call)
        else:
            self._run_all()

    # ------------------------------------------------------------------ turns

    def _ask(self, call: Callable[[Act], object]) -> None:
        # In one section: what is interrupted between the two would leave everybody waiting for a turn that nobody gives.
        with Uninterrupted():
            with self._lock.bare:
                if self._asked or not self._jobs:
                    return
                self._asked = True
            call(self._turn)

    def _turn(self) -> None:
        with self._lock:
            self._asked = False
        # One at a time: what a page or a person has asked the kernel meanwhile comes before the next.
        if self._run_one() and self._call is not None:
            self._ask(self._call)

    def _run_all(self) -> None:
        while self._run_one():
            pass

    def _run_one(self) -> bool:
        """Run the oldest job, unless a cell or another job is running; return whether it did."""
        with self._lock:
            if self._cells or self._in_job or not self._jobs:
                return False
        # An interrupt is only noted until the job begins: before that it would tear apart what follows.
        self._is_interrupted = False
        did = False
        handler = signal.signal(signal.SIGINT, self._on_interrupt)
        try:
            did = self._run_oldest()
        finally:
            signal.signal(signal.SIGINT, handler)
        if self._is_interrupted and not did and callable(handler):
            handler(signal.SIGINT, None)  # it was meant for somebody else
        return did

    def _run_oldest(self) -> bool:
        begun = False
        try:
            with self._lock:
                if not self._jobs:
                    return False  # forgotten by another thread
                job, failed = self._jobs.pop(next(iter(self._jobs)))
                begun = self._in_job = True
            self._tell("busy")
            error = self._outcome(job)
            if error is not None:
                failed(error)
        except BaseException as error:  # noqa: BLE001 - of `failed`, and the event loop is no place for it
            _log(error)
        finally:
            if begun:
                with self._lock:
                    self._in_job = False
                self._tell("idle")
        return begun

    def _outcome(self, job: Act) -> BaseException | None:
        """Call a job and return what it raised; nothing comes further than this, or it would end the event loop."""
        try:
            try:
                self._can_interrupt = True
                if self._is_interrupted:
                    raise KeyboardInterrupt  # asked for between "busy" and here
                job()
            finally:
                self._can_interrupt = False
        except BaseException as error:  # noqa: BLE001 - told to whoever asked for the job
            self._can_interrupt = False  # an interrupt may have come before the one above
            return error
        return None

    def _on_interrupt(self, _: int, __: FrameType | None) -> None:
        self._is_interrupted = True
        if self._can_interrupt:  # outside the job it would end the event loop, and with it the kernel
            raise KeyboardInterrupt


def _is_empty(info: Any) -> bool:
    """Whether a cell has no source; IPython announces its end, and not its beginning."""
    source = getattr(info, "raw_cell", None)
    return source is not None and not source.strip()


def _log(error: BaseException) -> None:
    logger.error("A job between cells failed", exc_info=error)


# ------------------------------------------------------------------ the kernel

_without_shell = Turns(None, None)
_turns: weakref.WeakKeyDictionary[InteractiveShell, Turns] = weakref.WeakKeyDictionary()


def turns() -> Turns:
    """Return the turns of the shell of this process; in a program without one, jobs run when the main thread asks."""
    shell = get_ipython()
    return _without_shell if shell is None else turns_of(shell)


def turns_of(shell: InteractiveShell) -> Turns:
    """Return the turns of a shell, made when they are first asked for, on the main thread."""
    turns = _turns.get(shell)
    if turns is None:
        kernel = getattr(shell, "kernel", None)
        call, tell = (None, lambda _: None) if kernel is None else (_caller(kernel), _teller(kernel))
        turns = _turns[shell] = Turns(shell.events, call, lambda: bool(shell.display_trap.is_active), tell)
    return turns


def close_turns(shell: InteractiveShell) -> None:
    """Hear of a shell's cells no more; the next job begins that again. Jobs that wait are others', and keep it up."""
    turns = _turns.get(shell)
    if turns is not None and not turns.waiting:
        turns.close()


def _caller(kernel: Any) -> Callable[[Act], object]:
    loop = asyncio.get_running_loop() if kernel.io_loop is None else kernel.io_loop.asyncio_loop

    def call(act: Act) -> None:
        try:
            # In an empty context: that of the caller says who called a mutation, and to which cell its output belongs.
            loop.call_soon_threadsafe(act, context=contextvars.Context())
        except RuntimeError:
            if not loop.is_closed():  # the kernel has ended, and nobody has a turn any more
                raise

    return call


def _teller(kernel: Any) -> Callable[[str], object]:
    def tell(state: str) -> None:
        # Without a parent: a status that names a request is taken for the end of that request.
        kernel.session.send(
            kernel.iopub_socket, "status", {"execution_state": state}, parent={}, ident=kernel._topic("status")
        )

    return tell
