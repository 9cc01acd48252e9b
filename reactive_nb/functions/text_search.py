"""Searching by text: the words, the filter, and one of the methods that read, in order of relevance.

Comes in: a transaction and what was typed. Goes out: documents, or their ids with scores, best first, with the search
recorded as read: the terms it looked for, within its filter. Documents that are handed out are recorded one by one, so
a change to another one that leaves its text and filter fields alone concerns nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from reactive_nb.documents.document import ID, decode_document
from reactive_nb.documents.field_reader import field_reader
from reactive_nb.documents.snapshot import TableState
from reactive_nb.errors import NotUnique, QueryUsageError, UnknownIndex
from reactive_nb.functions.filter import Expr, as_predicate
from reactive_nb.functions.page import Page, decode_cursor, encode_cursor, fingerprint_of
from reactive_nb.functions.range_query import Document
from reactive_nb.functions.search_filter import SearchCondition, SearchFilter
from reactive_nb.schema.search_declaration import SearchIndex, VectorIndex
from reactive_nb.search.condition import ALWAYS, AllOf, Condition
from reactive_nb.search.ranking import Ranking
from reactive_nb.search.text_read import TextRead
from reactive_nb.search.words import TextQuery, parse
from reactive_nb.transaction.transaction import Transaction
from reactive_nb.values.refusal import show

MAX_FILTERS = 8
MAX_COLLECTED = 1023
"""As many documents as `collect` returns at most: a word that half of a large table holds is rarely meant."""

_FIRST_BATCH = 16
_LAST_BATCH = 256


class TextTerms:
    """What a search function gets: `search` once, then the filter; each method narrows the search and returns it.

    Values may be anything a field can hold, or `UNSET` for a missing field.
    """

    __slots__ = ("_conditions", "_declared", "_filter", "_query", "_text", "_what")

    def __init__(self, declared: SearchIndex, what: str) -> None:
        self._declared = declared
        self._what = what
        self._filter = SearchFilter(declared, what)
        self._query: TextQuery | None = None
        self._text = ""
        self._conditions: list[SearchCondition] = []

    def search(self, field: str, text: str) -> TextTerms:
        """Find documents with any of the words of `text` in the indexed field; the last word may be unfinished.

        Words in quotes must stand in the document, in this order, next to each other.
        """
        if field != self._declared.field:
            self._refuse(
                f"it searches the field {show(field)}",
                f"{self._declared.field!r}, the field of the index {self._declared.name}",
                f"Write q.search({self._declared.field!r}, text)",
            )
        if self._query is not None:
            self._refuse("it has two search(...)", "one", "Put all words into one text; any of them is enough")
        if not isinstance(text, str):
            self._refuse(f"the text is {show(text)}", "a string", "Convert it with str(...)")
        self._query = parse(text)
        self._text = text
        return self

    def eq(self, field: str, value: Any) -> TextTerms:
        """Keep documents whose field equals `value`."""
        return self._add(self._filter.eq(field, value))

    def gt(self, field: str, value: Any) -> TextTerms:
        """Keep documents whose field is above `value`."""
        return self._add(self._filter.gt(field, value))

    def gte(self, field: str, value: Any) -> TextTerms:
        """Keep documents whose field is `value` or above."""
        return self._add(self._filter.gte(field, value))

    def lt(self, field: str, value: Any) -> TextTerms:
        """Keep documents whose field is below `value`; one that is missing is below everything."""
        return self._add(self._filter.lt(field, value))

    def lte(self, field: str, value: Any) -> TextTerms:
        """Keep documents whose field is `value` or below."""
        return self._add(self._filter.lte(field, value))

    def is_in(self, field: str, values: Any) -> TextTerms:
        """Keep documents whose field equals one of `values`."""
        return self._add(self._filter.is_in(field, values))

    def compiled(self) -> tuple[TextQuery, Condition]:
        """Return the words and the filter.

        Raises:
            QueryUsageError: There is no `search`, or too many filters.
        """
        if self._query is None:
            self._refuse(
                "it has no search(...)",
                "what to look for",
                f"Write lambda q: q.search({self._declared.field!r}, text)",
            )
        if len(self._conditions) > MAX_FILTERS:
            self._refuse(
                f"it has too many filter conditions. Max: {MAX_FILTERS} Actual: {len(self._conditions)}",
                f"at most {MAX_FILTERS}",
                "Use .filter(...) on the documents for the rest",
            )
        parts = tuple(condition.condition for condition in self._conditions)
        return self._query, parts[0] if len(parts) == 1 else AllOf(parts) if parts else ALWAYS

    @property
    def text(self) -> str:
        """What was typed."""
        return self._text

    def __and__(self, other: object) -> TextTerms:
        self._refuse_joining()

    def __or__(self, other: object) -> TextTerms:
        self._refuse_joining()

    def __bool__(self) -> bool:
        # Without this `q.search(...).eq("field", "a") or q.eq("field", "b")` would find what has "a", without a word.
        self._refuse_joining()

    def _refuse_joining(self) -> NoReturn:
        self._refuse(
            "it was used with '&', '|', 'and', 'or', 'not' or 'if'",
            "steps that follow one another, each of which narrows the search",
            f"Write q.search({self._declared.field!r}, text).eq('field', value), and is_in('field', values) for one of several",
        )

    def _add(self, condition: SearchCondition) -> TextTerms:
        self._conditions.append(condition)
        return self

    def _refuse(self, thing: str, expected: str, hint: str) -> NoReturn:
        raise QueryUsageError(self._what, thing=thing, expected=expected, hint=hint)


SearchFunction = Callable[[TextTerms], TextTerms]


class TextSearch:
    """A search of one table by text; made by `with_search_index`.

    `filter` shapes it and returns it. `take`, `first`, `unique`, `collect`, `paginate` and iteration read documents,
    `hits` ids and scores, `count` how many there are; each of them searches anew.
    """

    __slots__ = ("_condition", "_declared", "_filters", "_query", "_table", "_text", "_tx")

    def __init__(
        self, tx: Transaction, table: str, declared: SearchIndex, query: TextQuery, condition: Condition, text: str
    ) -> None:
        self._tx = tx
        self._table = table
        self._declared = declared
        self._query = query
        self._condition = condition
        self._text = text
        self._filters: list[tuple[Callable[[Document], bool], str | None]] = []

    def filter(self, condition: Expr | bool | Callable[[Document], Any]) -> TextSearch:
        """Keep only documents that meet a condition; it is asked of each document found, best first.

        Args:
            condition: An expression (`rnb.col("likes") >= 50`) or a function of a document.
        """
        text = str(condition) if isinstance(condition, Expr | bool) else None
        self._filters.append((as_predicate(condition), text))
        return self

    # ------------------------------------------------------------------ reading

    def take(self, limit: int) -> list[Document]:
        """Return the best `limit` documents, or fewer when there are no more."""
        self._check_number(limit)
        found: list[Document] = []
        if limit:
            for _, document in self._matching(limit):
                found.append(document)
                if len(found) == limit:
                    break
        return found

    def first(self) -> Document | None:
        """Return the best document, or None."""
        return next(iter(self.take(1)), None)

    def unique(self) -> Document | None:
        """Return the only document, or None.

        Raises:
            NotUnique: There are two or more.
        """
        found = self.take(2)
        if len(found) > 1:
            raise NotUnique(
                f"Cannot return the unique document of {self._table}",
                thing=f"the search found more than one, first {found[0][ID]} and {found[1][ID]}",
                expected="none or one",
                hint="Use first() or take(n)",
                ids=[found[0][ID], found[1][ID]],
            )
        return found[0] if found else None

    def collect(self) -> list[Document]:
        """Return all documents found.

        Raises:
            QueryUsageError: They are more than 1,023; use `take(n)`, or `paginate`.
        """
        number = len(self._ranking())
        if number > MAX_COLLECTED:
            raise QueryUsageError(
                f"Cannot return all documents found in {self._table}",
                thing=f"the search {self._text!r} matches {number:,} documents",
                expected=f"at most {MAX_COLLECTED:,}",
                hint="Use take(n) for the best of them, or paginate(n)",
            )
        return list(self)

    def __iter__(self) -> Iterator[Document]:
        """Yield the documents, best first; what is never asked for is not read."""
        return (document for _, document in self._matching(_FIRST_BATCH))

    def hits(self, limit: int = 10) -> list[dict[str, Any]]:
        """Return the best documents as `{"_id": ..., "_score": ...}`, as `ctx.vector_search` does.

        A score is the BM25 of the search's words in the document, so it is above 0. It compares documents of one
        search; with the size of the table it changes only when that passes a power of two.

        Example:
            >>> hits = ctx.db.query("papers").with_search_index("search_title", "reactive data").hits(20)
            >>> rnb.fuse(hits, ctx.vector_search("papers", "by_embedding", vector=embedding, limit=20))
        """
        self._check_number(limit)
        if not self._filters:
            return [{"_id": hit.id, "_score": hit.score} for hit in self._ranking().hits(limit)]
        found: list[dict[str, Any]] = []
        for score, document in self._matching(limit) if limit else ():
            found.append({"_id": document[ID], "_score": score})
            if len(found) == limit:
                break
        return found

    def count(self) -> int:
        """Return how many documents are found; without a filter function none of them is read."""
        return sum(1 for _ in self) if self._filters else len(self._ranking())

    def paginate(self, num_items: int, cursor: str | None = None) -> Page:
        """Return one page of documents, best first.

        A cursor is a position in the order of relevance, so live pages of one search always fit together: they belong
        to one moment.

        Args:
            num_items: How many documents found to go on by; a filter function may leave fewer of them.
            cursor: Where it starts: None, or the `continue_cursor` of the page before.

        Raises:
            InvalidCursor: A cursor of another search.
        """
        self._check_number(num_items)
        filters = [text for _, text in self._filters]
        fingerprint = fingerprint_of(self._table, self._declared, self._query, self._condition, filters)
        start = 0
        if cursor is not None:
            start = int.from_bytes(decode_cursor(cursor, fingerprint, f"Cannot read a page of {self._table}"))
        ranking = self._ranking()
        hits = ranking.hits(num_items, start)
        documents = self._documents([hit.id for hit in hits])
        end = min(start + num_items, len(ranking))
        following = encode_cursor(end.to_bytes(8), fingerprint)
        return Page([each for each in documents if self._keeps(each)], end == len(ranking), following)

    def order(self, *_: object) -> NoReturn:
        """Not in a search, which has the order of relevance: raises `QueryUsageError`."""
        raise QueryUsageError(
            f"Cannot order a search of {self._table}",
            thing="it is in order of relevance",
            expected="no order(...)",
            hint="Sort what it returns: sorted(search.take(50), key=lambda d: d['_creationTime'])",
        )

    def with_index(self, *_: object, **__: object) -> NoReturn:
        """Not in a search, which finds documents by their words: raises `QueryUsageError`."""
        raise QueryUsageError(
            f"Cannot read {self._table} by an index as well",
            thing=f"it is a search by {self._declared.name}",
            expected="conditions on the filter fields of the search index",
            hint='Write with_search_index(index, words, field="db"), or .filter(...) for other fields',
        )

    def __repr__(self) -> str:
        filters = "".join(f", filter {text or 'by a function'}" for _, text in self._filters)
        return (
            f"<search of {self._table} by {self._declared.name} for {self._text!r}{filters}; "
            "read it with take, first, unique, collect, paginate, for, hits or count>"
        )

    # ------------------------------------------------------------------ the machinery

    def _state(self) -> TableState:
        state = self._tx.table(self._table)
        assert state is not None, "it was there when the search was made, and a function cannot drop it"
        return state

    def _ranking(self) -> Ranking:
        """Search, and record that."""
        state = self._state()
        self._tx.read_declaration(state)
        self._tx.reads.add_search(self._table, self._declared.name, TextRead(self._query, self._condition))
        found: Ranking = state.search(self._declared.name).search(self._query, self._condition, self._texts)
        return found

    def _texts(self, ids: Sequence[str]) -> list[str]:
        # Not recorded: whoever holds all words of a phrase is among what the search has read.
        state = self._state()
        documents = [data for id in ids if (data := state.get(id)) is not None]
        return field_reader(self._declared.field)(documents)

    def _matching(self, batch: int) -> Iterator[tuple[float, Document]]:
        """Yield score and document of all that the filters keep, best first, read in batches that grow."""
        ranking = self._ranking()
        start = 0
        batch = min(max(batch, 1), _LAST_BATCH)
        while start < len(ranking):
            hits = ranking.hits(batch, start)
            for hit in hits:
                # One by one, so that what is never asked for is not recorded as read.
                # One that was deleted since by the function itself is not there.
                for document in self._documents([hit.id]):
                    if self._keeps(document):
                        yield hit.score, document
            start += len(hits)
            batch = min(batch * 4, _LAST_BATCH)

    def _documents(self, ids: Sequence[str]) -> list[Document]:
        state = self._state()
        found = [self._tx.get(state, id) for id in ids]
        return [decode_document(data) for data in found if data is not None]

    def _keeps(self, document: Document) -> bool:
        return all(predicate(document) for predicate, _ in self._filters)

    def _check_number(self, number: object) -> None:
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise QueryUsageError(
                f"Cannot search {self._table} this way",
                thing=f"{show(number)} documents were asked for",
                expected="a whole number, 0 or more",
                hint="Write take(10)",
            )


def text_search(
    tx: Transaction, table: str, index: str, search: SearchFunction | str, equal: dict[str, Any]
) -> TextSearch:
    """Return a search by text; see `TableQuery.with_search_index`."""
    declared = declared_search(tx, table, index, SearchIndex)
    what = f"Cannot search {table} by {index}"
    terms = TextTerms(declared, what)
    if isinstance(search, str):
        terms.search(declared.field, search)
    elif not callable(search):
        raise QueryUsageError(
            what,
            thing=f"the search is {show(search)}",
            expected="a text, or a function of the search",
            hint=f"Write with_search_index({index!r}, lambda q: q.search({declared.field!r}, text))",
        )
    for field, value in equal.items():
        terms.eq(field, value)
    if not isinstance(search, str):
        search(terms)
    return TextSearch(tx, table, declared, *terms.compiled(), terms.text)


def declared_search(tx: Transaction, table: str, index: str, kind: type[Any]) -> Any:
    """Return a declared search index, and record that its table was looked at.

    Raises:
        UnknownIndex: The table does not declare it, or declares another kind of it.
    """
    state = tx.declared(table)
    # Whatever follows: an error too depends on how the table is declared, or on its not being there.
    tx.reads.add_declaration(table)
    declared = None if state is None else state.stored.table.find_search(index)
    if isinstance(declared, kind):
        return declared
    is_text = kind is SearchIndex
    known = [] if state is None else [each.name for each in state.stored.table.searches if isinstance(each, kind)]
    method = f"search_index({index!r}, field)" if is_text else f"vector_index({index!r}, field, dimensions=...)"
    if declared is not None:
        thing = f"{index!r} is a {'vector' if isinstance(declared, VectorIndex) else 'text'} index"
    elif state is not None and isinstance(index, str) and state.has_index(index):
        thing = f"{index!r} is an index for ranges"
    else:
        thing = f"there is no table {table}" if state is None else f"the table {table} has no such index"
    raise UnknownIndex(
        f"Cannot search {table} by {index!r}",
        thing=thing,
        expected=f"one of {known}" if known else f"a declared {'search' if is_text else 'vector'} index",
        hint=f"Declare it with db.define({table}=rnb.table(...).{method})",
    )
