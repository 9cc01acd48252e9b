"""A turn of the main thread, awaited elsewhere: how an action on the event loop runs a cell's source between cells."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from contextlib import suppress

from reactive_nb.notebook.turns import Turns


async def on_main_thread(turns: Turns, key: Hashable, act: Callable[[], object]) -> None:
    """Return when `act` has had its turn; raise what it raised, as an `Exception`.

    When the caller is cancelled before the turn, there is none; when it is cancelled during the turn, that goes on.
    """
    loop = asyncio.get_running_loop()
    over = loop.create_future()

    def tell(error: BaseException | None) -> None:
        if over.done():
            return
        if error is None:
            over.set_result(None)
        else:
            over.set_exception(as_exception(error))

    def ended(error: BaseException | None = None) -> None:
        with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            loop.call_soon_threadsafe(tell, error)

    def run() -> None:
        act()
        ended()

    turns.soon(run, key, ended)
    try:
        await over
    except asyncio.CancelledError:
        turns.forget(key)
        raise


class Interrupted(Exception):
    """A run ended in a way that would also end the event loop which waits for it, such as by the interrupt button."""


def as_exception(error: BaseException) -> Exception:
    """Return an error as one that an event loop passes on."""
    if isinstance(error, Exception):
        return error
    is_button = isinstance(error, KeyboardInterrupt)
    return Interrupted("by the interrupt button" if is_button else f"by {type(error).__name__}: {error}")
