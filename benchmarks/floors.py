"""What cannot be beaten: messages in plain dicts and lists, and a flush of the disk.

The dicts do as much as an answer needs and no more: they hand out copies, since a caller may change what he gets, and
they keep the totals of each channel as they go. They check nothing, forget everything and know no transactions.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from queue import SimpleQueue

from benchmarks.workload import NEWEST, Message, Row

COMMIT_BYTES = 470
"""What the log holds of a commit of one message, measured."""


class Dicts:
    """Messages by id, and by channel in order of arrival."""

    def __init__(self, messages: Iterable[Message] = ()) -> None:
        self._by_id: dict[str, Message] = {}
        self._by_channel: dict[str, list[Message]] = {}
        self._totals: dict[str, list[int]] = {}
        for place, each in enumerate(messages):
            self.insert(str(place), each)

    def insert(self, id: str, message: Message) -> None:
        own = {"_id": id, **message}
        self._by_id[id] = own
        self._by_channel.setdefault(own["channel"], []).append(own)
        totals = self._totals.setdefault(own["channel"], [0, 0])
        totals[0] += 1
        totals[1] += own["likes"]

    def get(self, id: str) -> Message:
        return self._by_id[id].copy()

    def like(self, id: str) -> None:
        own = self._by_id[id]
        own["likes"] += 1
        self._totals[own["channel"]][1] += 1

    def newest(self, channel: str) -> list[Message]:
        return [each.copy() for each in reversed(self._by_channel[channel][-NEWEST:])]

    def totals(self, channel: str) -> list[int]:
        return self._totals[channel].copy()

    def groups(self) -> list[Row]:
        """Return a row for each channel; the first messages are in the first channel, and so on."""
        return [{"channel": name, "number": own[0], "likes": own[1]} for name, own in self._totals.items()]


class Courier:
    """A thread that answers and then calls a listener, as the one that keeps live results true does."""

    def __init__(self, answer: Callable[[str], object], listener: Callable[[object], object]) -> None:
        self._answer = answer
        self._listener = listener
        self._asked: SimpleQueue[str | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def ask(self, question: str) -> None:
        self._asked.put(question)

    def close(self) -> None:
        self._asked.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (question := self._asked.get()) is not None:
            self._listener(self._answer(question))


class Disk:
    """A file to append to, flushed each time: what every durable write has to wait for."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def append(self, data: bytes) -> None:
        os.write(self._descriptor, data)
        getattr(os, "fdatasync", os.fsync)(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)
