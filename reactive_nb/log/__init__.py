"""The log: the ordered records that are the database, from which everything else is derived.

| file           | what a reader finds there                                                  |
|----------------|----------------------------------------------------------------------------|
| `interface.py` | `Log` and `Record`: the contract in words                                  |
| `memory.py`    | `MemoryLog`: the reference, also behind `:memory:` databases               |
| `file.py`      | `FileLog`: one durable file beside the database, the embedded default      |
| `frames.py`    | the byte format of that file, and how a torn tail is told from damage      |
| `files.py`     | `Files`: the few file system calls it makes, so that tests make them fail  |
| `followers.py` | who is told of an append, and what happens when telling fails              |
| `refusals.py`  | every sentence a log says when it cannot do what was asked                 |
"""

from __future__ import annotations

from reactive_nb.log.file import FileLog
from reactive_nb.log.files import Files
from reactive_nb.log.interface import Listener, Log, Record
from reactive_nb.log.memory import MemoryLog

__all__ = ["FileLog", "Files", "Listener", "Log", "MemoryLog", "Record"]
