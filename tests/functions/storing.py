"""A process that stores, shares and deletes files for ever, for `test_storage.py` to kill.

It says each thing on a line once it is done: `storing <seed>` before it stores a file, `stored <id> <seed>` when it
was told that it is committed, `deleting <id>` before it deletes one and `deleted <id>` after. What a file holds follows from its seed.
"""

from __future__ import annotations

import faulthandler
import os
import sys
from pathlib import Path
from random import Random

import reactive_nb as rnb
from reactive_nb.engine import Engine
from reactive_nb.files import Contents
from reactive_nb.functions.storage import ActionStorage, gone, is_stored

WATCHDOG_SECONDS = 60
SEEDS = 100  # few enough for the same bytes to come again


def data(seed: int) -> bytes:
    """Return the bytes of a seed; some are longer than a chunk."""
    chance = Random(seed)
    return chance.randbytes(chance.choice([0, 10, 5_000, 1_500_000]))


def contents_of(db: Engine, folder: Path) -> Contents:
    """Return the contents of a database, swept as at its opening."""
    contents = Contents(folder, lambda sha256: db.read(lambda ctx: is_stored(ctx.transaction.snapshot, sha256)))
    contents.sweep()
    return contents


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def main(path: str, folder: str, seed: int) -> None:
    faulthandler.dump_traceback_later(WATCHDOG_SECONDS, exit=True)
    chance = Random(seed)
    db = rnb.connect(path)
    contents = contents_of(db, Path(folder))
    storage = ActionStorage(db, contents, db.ids)
    ids = db.read(lambda ctx: [each["_id"] for each in ctx.db.system.query("_storage")])
    say("open")
    while True:
        if len(ids) < 10 or chance.random() < 0.5:
            number = chance.randrange(SEEDS)
            bytes_of_it = data(number)
            say(f"storing {number}")
            ids.append(storage.store(bytes_of_it))
            say(f"stored {ids[-1]} {number}")
        else:
            id = ids.pop(chance.randrange(len(ids)))
            say(f"deleting {id}")
            storage.delete(id)
            contents.remove(gone(db.commits()[-1]))
            say(f"deleted {id}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
