"""What reactive_nb costs, each measurement beside its floor and beside SQLite and DuckDB doing the same by hand.

`make bench` runs everything, `make bench ARGS="reads writers"` some of it, and `ARGS=--quick` is a smoke run of seconds.

1. *ours* is what a user of reactive_nb writes; *floor* is the physical limit (a flush of the disk) or the same in plain
   Python dicts; the peers get an index, prepared statements and, where data must last, WAL with synchronous=FULL.
2. All four take turns in one run, so a busy machine slows all of them and their ratio still says something.
3. Each measurement is the median, with the 95th percentile of the slow side in parentheses.
"""
