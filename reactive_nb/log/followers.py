"""The listeners of one log: who is told of an append, and what happens when telling fails.

In: `add` for each listener; `tell` for each append. Out: every listener called once per append, in order of joining.
Invariant: one listener's exception never keeps the news from another.
"""

from __future__ import annotations

from collections.abc import Callable

from reactive_nb.log.interface import Listener, Record


class Followers:
    """An ordered set of joinings: a listener that joined twice is called twice.

    Attributes:
        _listeners: From a number per joining to its listener; a dict, because it keeps order and ends one in O(1).
    """

    __slots__ = ("_listeners", "_next")

    def __init__(self) -> None:
        self._listeners: dict[int, Listener] = {}
        self._next = 0

    def __bool__(self) -> bool:
        return bool(self._listeners)

    def add(self, listener: Listener) -> Callable[[], None]:
        """Let `listener` follow, and return the function that ends it (a second call does nothing)."""
        number = self._next
        self._next += 1
        self._listeners[number] = listener

        def end() -> None:
            self._listeners.pop(number, None)

        return end

    def tell(self, records: list[Record]) -> None:
        """Call every listener with its own list of `records`, then raise what they raised.

        Raises:
            Exception: The one exception, as it is.
            ExceptionGroup: Several of them.
        """
        raised: list[Exception] = []
        for listener in list(self._listeners.values()):
            try:
                listener(records.copy())
            except Exception as error:  # noqa: BLE001 - whatever it is, it is raised again below
                raised.append(error)
        if len(raised) == 1:
            raise raised[0]
        if raised:
            raise ExceptionGroup("several listeners of the log raised", raised)

    def clear(self) -> None:
        """End every joining."""
        self._listeners.clear()
