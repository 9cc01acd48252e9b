"""The engine: builds the parts, owns the threads and locks, opens and closes.

`engine.py` is the object a user holds; the others are what it is made of: the queue in which commits wait for one
disk flush, the thread that brings live results up to date, the folding into DuckDB, and safety from Ctrl-C.
"""

from reactive_nb.engine.engine import Engine
from reactive_nb.engine.roster import open_engines

__all__ = ["Engine", "open_engines"]
