"""A result that has not been read yet, for groups further down whose results a function may return as they are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any


class Unread(ABC):
    """What a function may return, and what then becomes its result: see `whole`."""

    @abstractmethod
    def whole(self) -> Any:
        """Read everything, and return it as plain values."""
