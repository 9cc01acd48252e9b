"""What a data browser shows as a result: a page of documents, or their number; live, or as it was at a commit.

A part of a table (part.py) comes in; a result that the hub can show goes out. It is nobody's live result: lists of them
do not name it. It ends when its browser goes elsewhere, or the hub lets go of it because no page shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from reactive_nb.engine.engine import Engine
from reactive_nb.functions.context import QueryContext
from reactive_nb.functions.function import OWN, Function, Kind
from reactive_nb.notebook.live import Live
from reactive_nb.notebook.panel.fixed import FixedResult
from reactive_nb.notebook.panel.part import Part
from reactive_nb.values.validators import v


class LiveDocuments(Live):
    """A page of documents, or their number, that stays true.

    Attributes:
        target: Answers what pages ask of its view; held here, because the hub holds it weakly.
    """

    is_live_result = False

    def __init__(self, engine: Engine, part: Part, offset: int | None, limit: int) -> None:
        self.target: object = None
        if offset is None:
            super().__init__(engine, _COUNT, {"part": part.as_value()})
        else:
            super().__init__(engine, _ROWS, {"part": part.as_value(), "offset": offset, "limit": limit})
        # What people read of it is the table and not the query that serves all tables.
        self.path, self.args = part.table, _described(part, offset)


Documents = LiveDocuments | FixedResult
"""A page of documents, or their number."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a browser looks: a database, now or as of a commit.

    Attributes:
        engine: The database.
        at: The commit; None is now.
    """

    engine: Engine
    at: int | None

    def read(self, body: Callable[[QueryContext], Any]) -> Any:
        """Run reading code there."""
        return self.engine.read(body) if self.at is None else self.engine.at(self.at).read(body)

    def result(self, part: Part, offset: int | None, limit: int = 0) -> Documents:
        """Return a page of documents from a position on, or without one their number."""
        if self.at is None:
            return LiveDocuments(self.engine, part, offset, limit)
        value = self.read(lambda ctx: part.count(ctx) if offset is None else part.rows(ctx, offset, limit))
        return FixedResult(self.engine, part.table, _described(part, offset), value, None, self.at)


def _described(part: Part, offset: int | None) -> dict[str, Any]:
    return {"by": part.index, "order": part.order} | ({} if offset is None else {"first": offset + 1})


def _rows(ctx: QueryContext, part: Any, offset: Any, limit: Any) -> Any:
    return Part(**part).rows(ctx, offset, limit)


def _count(ctx: QueryContext, part: Any) -> Any:
    return Part(**part).count(ctx)


_ROWS: Final = Function(
    _rows, Kind.QUERY, path=f"{OWN}rows", args={name: v.any() for name in ("part", "offset", "limit")}
)
_COUNT: Final = Function(_count, Kind.QUERY, path=f"{OWN}count", args={"part": v.any()})
