"""Files of documents: what `db.export` writes and `db.load` reads.

| file              | what a reader finds there                                                        |
|-------------------|----------------------------------------------------------------------------------|
| `form.py`         | the JSON of a document in an export: Convex's, told by the declaration           |
| `json_files.py`   | JSON lines and JSON arrays                                                       |
| `csv_files.py`    | CSV                                                                              |
| `parquet.py`      | Parquet, through DuckDB                                                          |
| `snapshot_zip.py` | the zip that Convex exports: all tables with their declarations and stored files |
| `source.py`       | what all formats look like to whoever loads them                                 |
| `formats.py`      | which format a file has, and the one door to all that can be loaded              |
| `arrivals.py`     | documents that bring their own ids, into a transaction                           |
| `target.py`       | a file that is there whole or not at all                                         |
| `refusals.py`     | every sentence that is said when a file cannot be read or written                |

Streams come in and go out; the transaction around them is in `engine/transfer.py`.
"""
