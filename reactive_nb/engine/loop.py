"""The thread on which actions that are `async def` run, all on one event loop.

It starts with the first of them. It holds no reference to an engine, so a database in memory that nobody holds goes,
and the thread with it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from typing import TYPE_CHECKING, Any
from weakref import finalize

from reactive_nb.engine.interrupts import Uninterrupted

if TYPE_CHECKING:
    # Imported where it is used: it takes long, and most databases never have an async action.
    import asyncio

    Task = asyncio.Task[Any]


class Loop:
    """An event loop on a thread of its own. All methods may be called from any thread.

    Args:
        name: Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def is_own_thread(self) -> bool:
        """Whether the caller is one of its coroutines."""
        return self._thread is threading.current_thread()

    def start(
        self, coroutine: Coroutine[Any, Any, Any], context: Context, on_end: Callable[[Task], None]
    ) -> Callable[[], None]:
        """Run a coroutine.

        Args:
            coroutine: What to run.
            context: In which context.
            on_end: Called on the thread with the task when it is done: also when it was cancelled before its first
                step, of which the coroutine itself hears nothing.

        Returns:
            What cancels the coroutine, from any thread; after its end that does nothing.
        """
        tasks: list[Task] = []

        def begin() -> None:
            task = context.run(loop.create_task, coroutine)
            tasks.append(task)
            task.add_done_callback(on_end)

        def end() -> None:
            for task in tasks:
                task.cancel()

        def stop() -> None:
            with Uninterrupted():
                _ask(loop, end)

        with Uninterrupted():
            loop = self._running()
            loop.call_soon_threadsafe(begin)  # before any `end`: the loop takes calls in their order
            return stop

    def close(self) -> None:
        """End the thread; nothing that anybody waits for runs on it any more."""
        if self._loop is not None and self._thread is not None:
            _ask(self._loop, self._loop.stop)
            self._thread.join()

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                import asyncio

                loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_serve, args=(loop,), name=self._name, daemon=True)
                self._thread.start()
                finalize(self, _ask, loop, loop.stop).atexit = False
                self._loop = loop  # last: without its thread it would take calls and do nothing
            return self._loop


def _ask(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Have the thread call something, unless it has ended."""
    with suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(call)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    import asyncio

    asyncio.set_event_loop(loop)
    try:
        while not _ran(loop):
            pass
        # What actions have begun and not awaited: it gets the chance to clean up, as in `asyncio.run`.
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


def _ran(loop: asyncio.AbstractEventLoop) -> bool:
    """Run the loop; return whether that ended because somebody stopped it."""
    try:
        loop.run_forever()
    except (SystemExit, KeyboardInterrupt):
        # A task has raised it, by `sys.exit()`. Its future has it already; but asyncio raises these two through the
        # whole loop, and all other actions would wait for ever.
        return False
    return True
