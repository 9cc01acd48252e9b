"""The contract of a log: an ordered, numbered sequence of records that only grows at its end.

In: payloads of bytes, which a log never looks into. Out: the same payloads, each with its `ts`, in order.
Invariant: the records a log holds are exactly those with `base < ts <= head`, without gap or repetition.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """One commit as the log keeps it.

    Attributes:
        ts: The number of the commit: 1, 2, 3, …
        payload: What the committer wrote, byte for byte.
    """

    ts: int
    payload: bytes


Listener = Callable[[list[Record]], None]


class Log(ABC):
    """What a committer may rely on, whichever log stands behind it.

    1. **Order.** Records are numbered by the log without gaps. A record that was read once is never changed.
    2. **Compare and append.** An append names the head it was checked against. If somebody else appended first, it
       is refused with `HeadMoved` and nothing is kept; the committer reads what is new, checks for conflicts again
       and retries. A log with a single writer never refuses.
    3. **Returned means durable.** When `append` returns, its records are there at every later opening. If the process
       dies before it returns, they are there or not, each record whole or not at all, and none without those before
       it. When `append` raises `HeadMoved` or `LogWriteError`, none of them is there; only where the disk also
       prevents taking them back, which makes the log refuse every further append, may a later opening find them.
    4. **Followers hear everything once, in order**, after it is durable and before `append` returns.

    The log relies on its caller, without checking, for this:

    * One thread at a time calls a log. The engine's commit lock sees to it.
    * No signal handler raises inside `append` or `drop` (a `KeyboardInterrupt` between the write and the
      bookkeeping would leave the object believing less than the file holds). The engine defers SIGINT around them.
    * A listener does not call `append`, `drop` or `close` of the log that is calling it.
    * Only what a snapshot elsewhere covers durably is dropped. The engine drops what it has folded.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def head(self) -> int:
        """The `ts` of the newest record, or `base` when the log holds none."""

    @property
    @abstractmethod
    def base(self) -> int:
        """The `ts` up to which records are forgotten: the smallest `after` that `read` can serve."""

    @abstractmethod
    def append(self, payloads: Sequence[bytes], expected_head: int) -> int:
        """Add one record per payload, all or none, and return the new head once they are durable.

        Payload `i` becomes the record `expected_head + 1 + i`. No payloads is a comparison of heads and nothing more.

        Raises:
            HeadMoved: `expected_head` is not the head; the error's `head` is. Nothing is kept.
            LogWriteError: The records could not be made durable. Nothing is kept.
            LogError: The log is closed.
            Exception: What a listener raised. The append stands, and `head` says so.

        Example:
            >>> log = MemoryLog()
            >>> log.append([b"first", b"second"], expected_head=0)
            2
        """

    @abstractmethod
    def read(self, after: int) -> Iterator[Record]:
        """Return the records with `ts > after`, in order, as they are at this call.

        What is appended or dropped while iterating changes nothing for an iterator already returned.

        Raises:
            LogError: `after` is before `base` or past `head`, or the log is closed.
            LogDamaged: While iterating, a record is no longer what was appended.
        """

    @abstractmethod
    def follow(self, listener: Listener) -> Callable[[], None]:
        """Call `listener(records)` after each append with its records; return a function that ends this.

        Listeners are called in the order in which they began to follow, those added or ended by a listener from
        the next append on. A listener must not raise. If one does, the others are still called; then the exception
        propagates from `append` (several as an `ExceptionGroup`), although the append stands.
        """

    @abstractmethod
    def drop(self, up_to: int) -> None:
        """Forget the records with `ts <= up_to`; `base` becomes `up_to`. Already forgotten ones are no error.

        Raises:
            LogError: `up_to` is past `head`, or the log is closed.
            LogWriteError: The disk refused. Every record after `up_to` is still there; `base` says whether the others are.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of what the log holds open; a second call does nothing. Only `head` and `base` work afterwards."""
