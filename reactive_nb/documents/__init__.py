"""The database as a value: index keys, intervals of them, ordered maps and snapshots."""
