"""The DuckDB side: one file that holds the documents at rest, and as typed tables that anyone can read with SQL.

Comes in: the documents that changed since the last fold, with their keys. Goes out: sorted keys and documents when a
database is opened, and tables for SQL. The engine's memory and log are the truth while a database is open; these
tables are a view of it that stands at `Store.folded`.
"""
