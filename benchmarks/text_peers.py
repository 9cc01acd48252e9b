"""The best texts for some words by other means: SQLite's FTS5, which has to be compiled in, and tantivy, where installed.

Each holds the same texts in memory, numbered by place, ranks by BM25 those that hold any of the words, and hands out the
texts as well, as ours hands out documents.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from benchmarks.search_data import BEST, group_of

BEGINNING = 4
"""How many letters of a word are typed where its beginning is asked for: two syllables."""


class TextPeer(Protocol):
    """A hundred thousand texts to search."""

    def search(self, words: Sequence[str], *, prefix: bool = False, group: str | None = None) -> Sequence[int]:
        """Return the places of the best for any of the words, the last of which may be a beginning only."""

    def insert(self, place: int, text: str) -> None: ...

    def delete(self, place: int) -> None: ...

    def close(self) -> None: ...


class FTS5:
    """A virtual table of SQLite. Groups are words of a second column, which counts for nothing in the rank.

    Raises:
        ImportError: This SQLite lacks FTS5.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        try:
            self._connection.execute(f"CREATE VIRTUAL TABLE docs USING fts5(text, grouped, prefix = {BEGINNING})")
        except sqlite3.OperationalError as error:
            raise ImportError(str(error)) from error
        self._connection.execute("INSERT INTO docs (docs, rank) VALUES ('rank', 'bm25(1.0, 0.0)')")
        self._connection.execute("BEGIN")
        rows = ((place, text, group_of(place)) for place, text in enumerate(texts))
        self._connection.executemany("INSERT INTO docs (rowid, text, grouped) VALUES (?, ?, ?)", rows)
        self._connection.execute("COMMIT")
        self._connection.execute("INSERT INTO docs (docs) VALUES ('optimize')")

    def search(self, words: Sequence[str], *, prefix: bool = False, group: str | None = None) -> Sequence[int]:
        match = f"text : ({' OR '.join(words)}{' *' if prefix else ''})"
        if group is not None:
            match += f" AND grouped : {group}"
        rows = self._connection.execute(
            "SELECT rowid, text FROM docs WHERE docs MATCH ? ORDER BY rank LIMIT ?", (match, BEST)
        ).fetchall()
        return [place for place, _ in rows]

    def insert(self, place: int, text: str) -> None:
        self._connection.execute(
            "INSERT INTO docs (rowid, text, grouped) VALUES (?, ?, ?)", (place, text, group_of(place))
        )

    def delete(self, place: int) -> None:
        self._connection.execute("DELETE FROM docs WHERE rowid = ?", (place,))

    def close(self) -> None:
        self._connection.close()


class Tantivy:
    """An index in memory; what is written is seen after a commit and a reload. A beginning is matched and not ranked."""

    def __init__(self, texts: Sequence[str]) -> None:
        import tantivy

        self._tantivy = tantivy
        fields = tantivy.SchemaBuilder()
        fields.add_integer_field("place", stored=True, indexed=True)
        fields.add_text_field("text", stored=True)
        fields.add_text_field("grouped", tokenizer_name="raw", index_option="basic")
        self._schema = fields.build()
        self._index = tantivy.Index(self._schema)
        self._writer = self._index.writer(num_threads=1)
        for place, text in enumerate(texts):
            self._add(place, text)
        self._publish()
        self._writer.wait_merging_threads()
        self._writer = self._index.writer(num_threads=1)
        self._publish()

    def search(self, words: Sequence[str], *, prefix: bool = False, group: str | None = None) -> Sequence[int]:
        searcher = self._index.searcher()
        found = searcher.search(self._query(words, prefix, group), BEST, count=False)
        documents = (searcher.doc(address) for _, address in found.hits)
        return [document["place"][0] for document in documents if document["text"]]

    def _query(self, words: Sequence[str], prefix: bool, group: str | None) -> Any:
        query, occur = self._tantivy.Query, self._tantivy.Occur
        whole = words[:-1] if prefix else words
        parts = [(occur.Should, query.term_query(self._schema, "text", word)) for word in whole]
        if prefix:
            parts.append((occur.Should, query.regex_query(self._schema, "text", f"{words[-1]}.*")))
        any_of_them = query.boolean_query(parts)
        if group is None:
            return any_of_them
        in_group = query.const_score_query(query.term_query(self._schema, "grouped", group, "basic"), 0)
        return query.boolean_query([(occur.Must, any_of_them), (occur.Must, in_group)])

    def insert(self, place: int, text: str) -> None:
        self._add(place, text)
        self._publish()

    def delete(self, place: int) -> None:
        self._writer.delete_documents_by_term("place", place)
        self._publish()

    def _add(self, place: int, text: str) -> None:
        self._writer.add_document(self._tantivy.Document(place=place, text=text, grouped=group_of(place)))

    def _publish(self) -> None:
        self._writer.commit()
        self._index.reload()

    def close(self) -> None: ...


PEERS: dict[str, Callable[[Sequence[str]], TextPeer]] = {"SQLite FTS5": FTS5, "tantivy": Tantivy}
