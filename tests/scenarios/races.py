"""Races as models: an initial state, a step that many threads repeat, and what must hold whenever one looks.

Threads begin together and do a fixed number of steps, so nothing depends on time; a deadlock is a thread that is
still there after `PATIENCE_SECONDS`. (After ZODB's racetest.)
"""

from __future__ import annotations

import faulthandler
import sys
import threading
from collections.abc import Callable, Sequence

import pytest

PATIENCE_SECONDS = 100


def together(works: Sequence[Callable[[], object]]) -> None:
    """Run each on a thread of its own, all at once, and raise what any of them raised."""
    ready = threading.Barrier(len(works))
    failures: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            ready.wait()
            work()
        except BaseException as error:  # noqa: BLE001 - raised again below
            failures.append(error)

    threads = [threading.Thread(target=run, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        if thread.is_alive():
            faulthandler.dump_traceback(sys.__stderr__)
            pytest.fail("deadlock: a thread is still waiting; the stacks are on standard error")
    if failures:
        raise failures[0]
