"""The log in memory: a list of payloads and the number of records before it.

In and out: as `interface.py` says. It is the reference that `FileLog` is tested against, the log of `:memory:`
databases, and, shared by two committers, the stand-in for a log that several kernels append to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from reactive_nb.log import refusals
from reactive_nb.log.followers import Followers
from reactive_nb.log.interface import Listener, Log, Record

_NAME = "the log in memory"


class MemoryLog(Log):
    """A `Log` that lives as long as its process; "durable" means as long as this object.

    Args:
        base: The number of records that a snapshot elsewhere already covers.

    Example:
        >>> log = MemoryLog()
        >>> log.append([b"first"], expected_head=0)
        1
        >>> list(log.read(after=0))
        [Record(ts=1, payload=b'first')]
    """

    __slots__ = ("_base", "_closed", "_followers", "_payloads")

    def __init__(self, base: int = 0) -> None:
        self._base = base
        self._payloads: list[bytes] = []
        self._followers = Followers()
        self._closed = False

    @property
    def head(self) -> int:
        """The `ts` of the newest record."""
        return self._base + len(self._payloads)

    @property
    def base(self) -> int:
        """The `ts` up to which records are forgotten."""
        return self._base

    def append(self, payloads: Sequence[bytes], expected_head: int) -> int:
        """Keep the payloads and tell the followers; see `Log.append`."""
        self._require_open()
        if expected_head != self.head:
            raise refusals.head_moved(_NAME, self.head, expected_head)
        self._payloads += payloads
        if payloads and self._followers:
            self._followers.tell([Record(expected_head + 1 + i, payload) for i, payload in enumerate(payloads)])
        return expected_head + len(payloads)

    def read(self, after: int) -> Iterator[Record]:
        """Return the records with `ts > after`; see `Log.read`."""
        self._require_open()
        if not self._base <= after <= self.head:
            raise refusals.unreadable(_NAME, self._base, self.head, after)
        payloads = self._payloads[after - self._base :]
        return (Record(after + 1 + i, payload) for i, payload in enumerate(payloads))

    def follow(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after each append, whoever makes it; see `Log.follow`."""
        self._require_open()
        return self._followers.add(listener)

    def drop(self, up_to: int) -> None:
        """Forget the records up to `up_to`; see `Log.drop`."""
        self._require_open()
        if up_to > self.head:
            raise refusals.undroppable(_NAME, self.head, up_to)
        if up_to > self._base:
            del self._payloads[: up_to - self._base]
            self._base = up_to

    def close(self) -> None:
        """Refuse further use; see `Log.close`."""
        self._closed = True
        self._followers.clear()

    def _require_open(self) -> None:
        if self._closed:
            raise refusals.closed(_NAME)
