"""Reading documents: table, index range, order, filters, and one of the methods that read.

Comes in: a transaction. Goes out: documents, decoded afresh, with the range really consumed recorded: `take(50)`
records up to the fiftieth document, and a later write behind it concerns nobody. A builder reads once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from reactive_nb.documents.document import ID, decode_documents
from reactive_nb.documents.interval import ALL, Interval
from reactive_nb.errors import IndexRangeError, NotUnique, QueryUsageError, UnknownIndex
from reactive_nb.functions.filter import Expr, as_predicate
from reactive_nb.functions.index_range import IndexRange
from reactive_nb.functions.page import BEFORE, END, Journal, Page, decode_cursor, encode_cursor, fingerprint_of
from reactive_nb.functions.range_query import Blocks, Document, Order, RangeQuery, decoded
from reactive_nb.functions.text_search import SearchFunction, TextSearch, text_search
from reactive_nb.schema.declaration import BY_CREATION_TIME
from reactive_nb.transaction.read_set import NOTHING, Scan
from reactive_nb.transaction.transaction import Transaction
from reactive_nb.values.refusal import show

RangeFunction = Callable[[IndexRange], IndexRange]


class TableQuery(RangeQuery):
    """A query of one table in the making; see `DatabaseReader.query`.

    `with_index`, `order` and `filter` shape it and return it. `collect`, `take`, `first`, `unique`, `paginate`
    and iteration read its documents, once. `count`, `sum`, `avg`, `min`, `max`, `group_by`, `distinct`, `rank` and `at` may
    be asked as often as one likes.
    """

    __slots__ = ("_journal", "_used")

    def __init__(self, tx: Transaction, table: str, journal: Journal | None = None) -> None:
        super().__init__(tx, table)
        self._journal = journal
        self._used = False

    # ------------------------------------------------------------------ shaping

    def with_index(self, index: str, range: RangeFunction | None = None, /, **equal: Any) -> TableQuery:
        """Read through a declared index, in its order, and only a range of it.

        Args:
            index: Its name; `by_creation_time` and `by_id` always exist.
            range: Narrows the range: `lambda q: q.eq("channel", "general").gt("likes", 3)`.
            equal: The same as `q.eq` for each; `channel="general"`.

        Raises:
            UnknownIndex: The table does not declare it.
            IndexRangeError: The range does not follow the index's fields.
        """
        if self._index != BY_CREATION_TIME or self._interval is not ALL:
            self._refuse("an index was chosen already", "one with_index per query")
        # The declaration is looked at whatever follows: an error, an empty range, or nothing taken from it.
        self._tx.reads.add(self._table, index, NOTHING)
        state = self._state
        if state is None or not state.has_index(index):
            known = [] if state is None else list(state.maker.names)
            raise UnknownIndex(
                f"Cannot read {self._table} by index {index!r}",
                thing=f"the table {self._table} has no such index"
                if state is not None
                else f"there is no table {self._table}",
                expected=f"one of {known}" if known else "a declared table",
                hint=f"Declare it with db.define({self._table}=rnb.table(...).index({index!r}, ...))",
            )
        if range is not None and not callable(range):
            raise IndexRangeError(
                f"Cannot read {self._table} by index {index!r}",
                thing=f"the range is {show(range)}",
                expected="a function of the range, or fields by name",
                hint=f"Write with_index({index!r}, lambda q: q.gt(field, value)) or with_index({index!r}, field=value)",
            )
        bounds = IndexRange(state, index)
        for field, value in equal.items():
            bounds.eq(field, value)
        if range is not None:
            range(bounds)
        self._index = index
        self._interval = bounds.interval()
        self._bounds = bounds
        declared = state.stored.table.find(index)
        self._once_each = declared is None or not declared.multi or bounds.is_equality()
        return self

    def with_search_index(self, index: str, search: SearchFunction | str, /, **equal: Any) -> TextSearch:
        """Search by text instead of reading a range; the result is in order of relevance.

        Any of the words is enough, as in `"reactive data"`; the more of them a document holds, the rarer they are and
        the shorter the text, the better (BM25). Upper case does not count, the last word may be unfinished, and words
        in quotes must stand next to each other. Of equally good documents the newest comes first.

        Args:
            index: A declared search index.
            search: The words; or, to filter as well, `lambda q: q.search("title", words).eq("field", "db")`.
            equal: The same as `q.eq` for each; `field="db"`.

        Raises:
            UnknownIndex: The table does not declare it.
            QueryUsageError: No words, another field than the index's, or a filter field that is not declared.

        Example:
            >>> ctx.db.query("papers").with_search_index("search_title", "reactive data", field="db").take(5)
        """
        if self._index != BY_CREATION_TIME or self._interval is not ALL or self._order is not None or self._filters:
            self._refuse("an index, an order or a filter was chosen already", "with_search_index as the first step")
        return text_search(self._tx, self._table, index, search, equal)

    def order(self, order: Order) -> TableQuery:
        """Read in the index's order (`"asc"`, the default) or against it (`"desc"`)."""
        if self._order is not None:
            self._refuse("its order was chosen already", "order at most once")
        if order not in ("asc", "desc"):
            self._refuse(f"{order!r} is not an order", "'asc' or 'desc'")
        self._order = order
        return self

    def filter(self, condition: Expr | bool | Callable[[Document], Any]) -> TableQuery:
        """Keep only documents that meet a condition; it is asked for each document of the range.

        Args:
            condition: An expression (`rnb.col("likes") >= 50`) or a function of a document.
        """
        # A Python predicate has no text of its own that would be the same in the next run.
        text = str(condition) if isinstance(condition, Expr | bool) else None
        self._filters.append((as_predicate(condition), text))
        return self

    # ------------------------------------------------------------------ reading documents

    def collect(self) -> list[Document]:
        """Return all documents."""
        return self._take(None)

    def take(self, limit: int) -> list[Document]:
        """Return the first `limit` documents, or fewer when there are no more."""
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
            self._refuse(f"{limit!r} documents were asked for", "a whole number, 0 or more")
        return self._take(limit)

    def first(self) -> Document | None:
        """Return the first document, or None."""
        found = self._take(1)
        return found[0] if found else None

    def unique(self) -> Document | None:
        """Return the only document, or None.

        Raises:
            NotUnique: There are two or more.
        """
        found = self._take(2)
        if len(found) > 1:
            raise NotUnique(
                f"Cannot return the unique document of {self._table}",
                thing=f"the query found more than one, first {found[0][ID]} and {found[1][ID]}",
                expected="none or one",
                hint="Use first() or take(n), or declare the index unique=True",
                ids=[found[0][ID], found[1][ID]],
            )
        return found[0] if found else None

    def __iter__(self) -> Iterator[Document]:
        """Yield the documents; what is never asked for is not read."""
        scan_blocks = self._start()
        if scan_blocks is None:
            return
        scan, blocks = scan_blocks
        for _, _, document in self._matching(scan, blocks):
            yield document

    def paginate(
        self,
        num_items: int,
        cursor: str | None = None,
        *,
        end_cursor: str | None = None,
        maximum_rows_read: int | None = None,
        maximum_bytes_read: int | None = None,
    ) -> Page:
        """Return one page.

        Args:
            num_items: How many documents; a page read again in a live query keeps its end instead.
            cursor: Where it starts: None, or the `continue_cursor` of the page before.
            end_cursor: Where it ends, instead of after `num_items`.
            maximum_rows_read: Stop after so many documents read, matching or not.
            maximum_bytes_read: Stop after so many bytes read.

        Raises:
            InvalidCursor: A cursor of another query.

        Example:
            >>> page = ctx.db.query("messages").order("desc").paginate(20)
            >>> following = ctx.db.query("messages").order("desc").paginate(20, page.continue_cursor)
        """
        what = f"Cannot read a page of {self._table}"
        if not isinstance(num_items, int) or isinstance(num_items, bool) or num_items < 0:
            self._refuse(f"{num_items!r} documents were asked for", "a whole number, 0 or more")
        if not self._once_each:
            self._refuse("its range spans several elements of a multi index", "an eq on the element")
        reverse = self._order == "desc"
        filters = [text for _, text in self._filters]
        # With its fields: under the same name but other fields the keys, and so the cursors, are others.
        declared = None if self._state is None else self._state.stored.table.find(self._index)
        fingerprint = fingerprint_of(self._table, declared or self._index, self._interval, reverse, filters)
        if end_cursor is None and self._journal is not None:
            end_cursor = self._journal.end_of(fingerprint, cursor)
        whole = self._interval
        start = None if cursor is None else decode_cursor(cursor, fingerprint, what)
        end = None if end_cursor is None else decode_cursor(end_cursor, fingerprint, what)
        if start == END or (self._state is not None and num_items == 0 and end is None):
            page = Page([], start == END, cursor or encode_cursor(BEFORE[reverse], fingerprint))
            self._use()
        else:
            part = _between(whole, start, end, reverse)
            page = self._read_page(part, num_items, end, end_cursor, fingerprint, maximum_rows_read, maximum_bytes_read)
        if self._journal is not None:
            self._journal.record(fingerprint, cursor, page.continue_cursor)
        return page

    def __getitem__(self, position: object) -> NoReturn:
        """Not by position: raises `QueryUsageError`."""
        raise QueryUsageError(
            f"Cannot take document {show(position)} of {self._table}",
            thing="a query is not a list",
            expected="one of the methods that read",
            hint="Use first(), at(n) or take(n)",
        )

    def __repr__(self) -> str:
        shape = f"{self._table} by {self._index}{'' if self._interval is ALL else ', a range of it'}"
        filters = "".join(f", filter {text or 'by a function'}" for _, text in self._filters)
        return (
            f"<query of {shape}, {self._order or 'asc'}{filters}; "
            "read it with collect, take, first, unique, paginate, for, count, sum, avg, min, max, "
            "group_by, distinct, rank or at>"
        )

    # ------------------------------------------------------------------ the machinery

    def _use(self) -> None:
        if self._used:
            self._refuse("its documents were read already", "one read per query, beside aggregates")
        self._used = True

    def _start(self) -> tuple[Scan, Blocks] | None:
        self._use()
        return self._started(self._interval)

    def _take(self, limit: int | None) -> list[Document]:
        started = self._start()
        if started is None or limit == 0:
            return []
        scan, blocks = started
        if self._filters or not self._once_each:
            documents = []
            for _, _, document in self._matching(scan, blocks):
                documents.append(document)
                if len(documents) == limit:
                    break
            return documents
        found: list[bytes] = []
        for keys, values in blocks:
            if limit is not None and len(found) + len(values) >= limit:
                needed = limit - len(found)
                found += values[:needed]
                scan.last = keys[needed - 1]
                return decode_documents(found)
            found += values
        scan.exhausted = True
        return decode_documents(found)

    def _read_page(
        self,
        interval: Interval,
        num_items: int,
        end: bytes | None,
        end_cursor: str | None,
        fingerprint: str,
        maximum_rows: int | None,
        maximum_bytes: int | None,
    ) -> Page:
        self._use()
        started = self._started(interval)
        if started is None:
            return Page([], True, encode_cursor(END, fingerprint))
        scan, blocks = started
        predicates = [predicate for predicate, _ in self._filters]
        documents: list[Document] = []
        keys: list[bytes] = []
        size = 0
        status = None
        for key, data, document in decoded(blocks):
            keys.append(key)
            size += len(data)
            scan.last = key
            if all(predicate(document) for predicate in predicates):
                documents.append(document)
            rows_full = maximum_rows is not None and len(keys) >= maximum_rows
            bytes_full = maximum_bytes is not None and size >= maximum_bytes
            filled = end is None and len(documents) >= num_items
            if (rows_full or bytes_full) and not filled:
                status = "SplitRequired"
            if filled or rows_full or bytes_full:
                break
        else:
            scan.exhausted = True
        if status is None and (
            (maximum_rows is not None and len(keys) > maximum_rows * 3 / 4)
            or (maximum_bytes is not None and size > maximum_bytes * 3 / 4)
        ):
            status = "SplitRecommended"
        split = encode_cursor(keys[(len(keys) - 1) // 2], fingerprint) if status and len(keys) > 1 else None
        if scan.exhausted:
            done = end is None or end == END
            return Page(documents, done, end_cursor or encode_cursor(END, fingerprint), split, status)
        assert scan.last is not None
        return Page(documents, False, encode_cursor(scan.last, fingerprint), split, status)

    def _refuse(self, thing: str, expected: str) -> None:
        raise QueryUsageError(
            f"Cannot query {self._table} this way",
            thing=thing,
            expected=expected,
            hint="Start a new ctx.db.query(...)",
        )


def _between(interval: Interval, start: bytes | None, end: bytes | None, reverse: bool) -> Interval:
    """Return the part of a range after the position `start` up to and with the position `end`, in reading order."""
    low, high = interval
    if reverse:
        high = high if start is None else min(high, start)
        low = low if end is None or end == END else max(low, end)
    else:
        low = low if start is None else max(low, start + b"\0")
        high = high if end is None or end == END else min(high, end + b"\0")
    return Interval(low, max(low, high))
