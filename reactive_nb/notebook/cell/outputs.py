"""Outputs as a notebook's file has them, collected in the order in which a run makes them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

Output = dict[str, Any]


class Outputs:
    """The outputs of one run.

    Attributes:
        list: Starts empty; each a dict as in nbformat.
    """

    def __init__(self) -> None:
        self.list: list[Output] = []
        self._displays: dict[str, Output] = {}  # by display_id
        self._clears = False  # with the next output

    def write(self, name: str, text: str) -> None:
        """Add text of a stream, to the end of the last output if that is of the same stream."""
        self._make_room()
        last = self.list[-1] if self.list else {}
        if last.get("output_type") == "stream" and last["name"] == name:
            last["text"] += text
        else:
            self.list.append({"output_type": "stream", "name": name, "text": text})

    def display(
        self, data: Mapping[str, Any], metadata: Mapping[str, Any] | None, display_id: str | None = None
    ) -> None:
        """Add what something displays as."""
        self._make_room()
        output = {"output_type": "display_data", "data": _as_json(data), "metadata": dict(metadata or {})}
        self.list.append(output)
        if display_id is not None:
            self._displays[display_id] = output

    def update(self, data: Mapping[str, Any], metadata: Mapping[str, Any] | None, display_id: str | None) -> bool:
        """Replace what was displayed under an id; return whether that was of this run."""
        output = self._displays.get(display_id or "")
        if output is None:
            return False
        output.update(data=_as_json(data), metadata=dict(metadata or {}))
        return True

    def fail(self, error: BaseException | type[BaseException], message: str, traceback: Sequence[str]) -> None:
        """Add an error as a cell shows it."""
        self._make_room()
        kind = error if isinstance(error, type) else type(error)
        self.list.append(
            {"output_type": "error", "ename": kind.__name__, "evalue": message, "traceback": list(traceback)}
        )

    def clear(self, wait: bool = False) -> None:
        """Drop everything, now or with the next output."""
        self._clears = wait
        if not wait:
            self.list.clear()

    def _make_room(self) -> None:
        if self._clears:
            self.clear()


def _as_json(data: Mapping[str, Any]) -> dict[str, Any]:
    # Pictures may come as bytes; a notebook has them in base64.
    return {mime: b64encode(part).decode("ascii") if isinstance(part, bytes) else part for mime, part in data.items()}
