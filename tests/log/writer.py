"""A process that appends for ever to the log named on its command line, for `test_kill.py` to kill.

It prints each new head once it is acknowledged, and drops old records now and then.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from random import Random

from reactive_nb.log import FileLog
from tests.log.disks import DATABASE_ID

KEPT = 50  # records that a drop leaves


def payload(ts: int) -> bytes:
    """What record `ts` holds: a few bytes or many pages, and no two alike."""
    return Random(ts).randbytes(20_000 if ts % 5 == 0 else ts % 300)


def main() -> None:
    log = FileLog(Path(sys.argv[1]), DATABASE_ID)
    while True:
        head = log.append([payload(log.head + 1 + i) for i in range(1 + log.head % 4)], log.head)
        os.write(1, b"%d\n" % head)
        if head % 7 == 0:
            log.drop(max(log.base, head - KEPT))


if __name__ == "__main__":
    main()
