"""A process that has the database named on its command line open, with one commit in it, until its input ends."""

from __future__ import annotations

import sys

import reactive_nb as rnb

if __name__ == "__main__":
    db = rnb.connect(sys.argv[1])
    with db.transaction() as tx:
        tx.db.insert("notes", {"n": 0})
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
