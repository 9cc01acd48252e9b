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
from typing import Any, Protocol, TypeVar

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


Memo = dict[Monoid[Any, Any], Any]
"""Partials by aggregate. Never changed once a node holds it, so threads may look through it without a lock."""


def carried(
    memo: Memo, removed: Sequence[Any], added: Sequence[Any], deltas: dict[Monoid[Any, Any], tuple[Any, Any]]
) -> Memo | None:
    """Return what still holds of a node's memo after a change below it, or None when nothing does.

    Args:
        memo: The partials of the node before the change.
        removed: The values that are no longer there.
        added: The values that are there now.
        deltas: The partials of `removed` and `added`, filled in here; one dict serves all nodes above a change.
    """
    kept: Memo = {}
    for monoid, partial in memo.items():
        delta = deltas.get(monoid)
        if delta is None:
            delta = deltas[monoid] = (monoid.of(removed), monoid.of(added))
        after = monoid.replace(partial, *delta)
        if after is not None:
            kept[monoid] = after
    return kept or None
