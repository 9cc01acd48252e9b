"""What an aggregate must offer so that an ordered map can keep its partial results.

An aggregate such as a sum is computed run by run: `of` a run of values is a *partial*, `combine` puts partials of
neighbouring runs together, `replace` says what becomes of one when some of its values change. A map keeps the
partial of each of its nodes, so after one write only the path to the changed leaf is looked at again.

Laws, which the map relies on without checking and tests check for each aggregate: `of(a + b)` equals
`combine([of(a), of(b)])`, `combine` does not mind how its partials are grouped, `of([])` equals `combine([])` and
changes nothing, and `replace`, where it answers, equals `of` the values after the change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

V_contra = TypeVar("V_contra", contravariant=True)
P = TypeVar("P")


class Monoid(Protocol[V_contra, P]):
    """An aggregate over values of type `V_contra` with partials of type `P`.

    It is the key under which partials are kept: hashable, and equal to another only if both compute the same. A
    partial is immutable, never None, and equal to another only if they stand for the same result.
    """

    def of(self, values: Sequence[V_contra], /) -> P:
        """Return the partial of a run of values."""
        ...

    def combine(self, partials: Sequence[P], /) -> P:
        """Return the partial of several runs, in order, from the partial of each."""
        ...

    def replace(self, partial: P, removed: P, added: P, /) -> P | None:
        """Return `partial` after some of its values gave way to others, which are given as partials of their own.

        None means that this cannot be said without looking at all values again.
        """
        ...


class KeyedMonoid(Protocol[V_contra, P]):
    """An aggregate that looks at keys too, and whose partials may grow with what they are of.

    All that is said of `Monoid` holds, with `of_entries` in the place of `of`.
    """

    def of_entries(self, keys: Sequence[bytes], values: Sequence[V_contra], /) -> P:
        """Return the partial of a run of entries, in order of their keys."""
        ...

    def combine(self, partials: Sequence[P], /) -> P:
        """Return the partial of several runs, in order, from the partial of each."""
        ...

    def replace(self, partial: P, removed: P, added: P, /) -> P | None:
        """Return `partial` after one entry gave way to another of the same key, or came, or went."""
        ...

    def is_kept(self, partial: P, size: int, /) -> bool:
        """Whether a node of `size` entries should remember its partial, rather than work it out when asked."""
        ...


AnyMonoid: TypeAlias = Monoid[V_contra, P] | KeyedMonoid[V_contra, P]

Memo = dict[AnyMonoid[Any, Any], Any]
"""Partials by aggregate. Never changed once a node holds it, so threads may look through it without a lock."""

MOST_REMEMBERED = 64
"""How many aggregates a node remembers. A notebook may ask for ever new ones; the oldest are forgotten first."""


def of_run(monoid: AnyMonoid[V_contra, P], keys: Sequence[bytes], values: Sequence[V_contra]) -> P:
    """Return the partial of a run of entries, whichever kind of aggregate it is."""
    # Asked by attribute: an isinstance check of a protocol takes longer than most aggregates take for a value.
    of_entries = getattr(monoid, "of_entries", None)
    if of_entries is not None:
        found: P = of_entries(keys, values)
        return found
    return monoid.of(values)  # type: ignore[union-attr]  # it is no KeyedMonoid


def is_kept(monoid: AnyMonoid[Any, P], partial: P, size: int) -> bool:
    """Whether a node of `size` entries should remember this partial."""
    judge = getattr(monoid, "is_kept", None)
    return judge is None or judge(partial, size)


def with_partial(memo: Memo | None, monoid: AnyMonoid[Any, P], partial: P) -> Memo:
    """Return a memo with one partial more."""
    # A new dict each time: another thread may be looking through the old one.
    if memo is None:
        return {monoid: partial}
    if len(memo) < MOST_REMEMBERED:
        return {**memo, monoid: partial}
    newest = list(memo.items())[1 - MOST_REMEMBERED :]
    return {**dict(newest), monoid: partial}


def carried(
    memo: Memo,
    size: int,
    key: bytes,
    removed: Sequence[Any],
    added: Sequence[Any],
    deltas: dict[AnyMonoid[Any, Any], tuple[Any, Any]],
) -> Memo | None:
    """Return what still holds of a node's memo after a change below it, or None when nothing does.

    Args:
        memo: The partials of the node before the change.
        size: How many entries the node has after it.
        key: The key that changed.
        removed: The value that is no longer there, if there was one.
        added: The value that is there now, if there is one.
        deltas: The partials of `removed` and `added`, filled in here; one dict serves all nodes above a change.
    """
    kept: Memo = {}
    for monoid, partial in memo.items():
        delta = deltas.get(monoid)
        if delta is None:
            gone = of_run(monoid, [key] * len(removed), removed)
            delta = deltas[monoid] = (gone, of_run(monoid, [key] * len(added), added))
        after = monoid.replace(partial, *delta)
        if after is not None and is_kept(monoid, after, size):
            kept[monoid] = after
    return kept or None
