"""A pause of Python's garbage collector, for work that makes hundreds of thousands of documents at once."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Keep Python from looking for cycles among hundreds of thousands of new documents, which are in none.

    It would look whenever so many containers were made, at all there are: half of the time of an insert. Where two
    threads are inside, the first to leave starts it again, which costs the other one time and nothing else.
    """
    was_enabled = gc.isenabled()
    try:
        gc.disable()
        yield
    finally:
        if was_enabled:
            gc.enable()
