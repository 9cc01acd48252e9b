"""The documents and functions that are measured: messages of about 300 bytes in a hundred channels.

All fields are scalars, so the peers hold them as plain columns and hand them back without converting anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine.engine import Engine
from reactive_nb.functions.function import Function

Message = dict[str, Any]
Row = dict[str, Any]

CHANNELS = 100
NEWEST = 50
AT_ONCE = 5000
"""How many documents one mutation of a bulk insert takes; a list in an argument may have 8192 items."""

FIELDS = {
    "author": "VARCHAR",
    "channel": "VARCHAR",
    "body": "VARCHAR",
    "likes": "BIGINT",
    "score": "DOUBLE",
    "pinned": "BOOLEAN",
    "device": "VARCHAR",
}
"""The fields with their SQL types, which both peers understand."""

_TEXT = (
    "A snapshot is immutable and shares structure with its neighbours, so a transaction can be held in the hand. " * 3
)
_DEVICES = ("phone", "laptop", "tablet")


def message(place: int) -> Message:
    """Return message number `place`; neighbours are in different channels."""
    start = place % 97
    return {
        "author": f"author-{place * 31 % 5000:04}",
        "channel": channel_of(place),
        "body": _TEXT[start : start + 130],
        "likes": place * 7919 % 1000,
        "score": place * 4799 % 10007 / 8,
        "pinned": place % 50 == 0,
        "device": _DEVICES[place % 3],
    }


def channel_of(place: int) -> str:
    """Return the channel of message number `place`."""
    return f"channel-{place % CHANNELS:02}"


def id_of(place: int) -> str:
    """Return an id as long as ours, ascending like ours, for those who have none of their own."""
    return f"{place:032}"


@dataclass(frozen=True, slots=True)
class App:
    """The functions of a small chat, registered in one database."""

    db: Engine
    send: Function
    send_all: Function
    like: Function
    latest: Function
    totals: Function
    overall: Function
    groups: Function

    def fill(self, total: int, made: Callable[[int], Message] = message) -> None:
        """Insert messages 0 … `total` - 1."""
        for first in range(0, total, AT_ONCE):
            self.send_all(messages=[made(place) for place in range(first, min(first + AT_ONCE, total))])


def app(db: Engine) -> App:
    """Declare the table and the functions in a database."""
    db.define(
        messages=rnb.table(
            author=v.string(),
            channel=v.string(),
            body=v.string(),
            likes=v.int64(),
            score=v.float64(),
            pinned=v.boolean(),
            device=v.string(),
        ).index("by_channel", "channel")
    )

    @db.mutation
    def send(ctx, message: dict):
        return ctx.db.insert("messages", message)

    @db.mutation
    def send_all(ctx, messages: list):
        for each in messages:
            ctx.db.insert("messages", each)

    @db.mutation(args={"message": v.id("messages")})
    def like(ctx, message):
        ctx.db.patch(message, {"likes": ctx.db.get(message)["likes"] + 1})

    @db.query
    def latest(ctx, channel: str):
        return newest(ctx, channel)

    @db.query
    def totals(ctx, channel: str):
        found = ctx.db.query("messages").with_index("by_channel", channel=channel)
        return [found.count(), found.sum("likes")]

    @db.query
    def overall(ctx):
        found = ctx.db.query("messages")
        return [found.count(), found.sum("likes")]

    @db.query
    def groups(ctx):
        return per_channel(ctx)

    return App(db, send, send_all, like, latest, totals, overall, groups)


def per_channel(ctx: Any) -> list[Row]:
    """Return count and sum of each channel."""
    found = ctx.db.query("messages").with_index("by_channel")
    rows: list[Row] = found.group_by("channel", number=rnb.count(), likes=rnb.sum("likes"))
    return rows


def newest(ctx: Any, channel: str) -> list[Message]:
    """Return the newest messages of a channel."""
    found: list[Message] = ctx.db.query("messages").with_index("by_channel", channel=channel).order("desc").take(NEWEST)
    return found


def ids_in(db: Engine, limit: int) -> list[str]:
    """Return the ids of the first messages of a database."""
    return [each["_id"] for each in db.read(lambda ctx: ctx.db.query("messages").take(limit))]
