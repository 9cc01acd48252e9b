"""A transition: one step of all subscriptions of an engine from one moment to a later one."""

from __future__ import annotations

from dataclasses import dataclass

from reactive_nb.subscriptions.subscription import Subscription


@dataclass(frozen=True, slots=True)
class Transition:
    """What changed between two moments.

    Attributes:
        ts: The moment that every result now shows, changed or not.
        changed: The subscriptions whose result or error is another one than before.
    """

    ts: int
    changed: tuple[Subscription, ...]
