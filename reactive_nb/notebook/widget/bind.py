"""`rnb.bind`: a trait of any widget kept equal to what a function makes of a live result.

Changes of the result come in; the trait is set right after the frame in which pages see the same moment, at most once
per frame however fast the result changes.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable
from typing import Any

import traitlets

from reactive_nb.errors import QueryUsageError
from reactive_nb.notebook.page.interface import LiveResult
from reactive_nb.values.refusal import show

logger = logging.getLogger("reactive_nb")


class Binding:
    """What `bind` returns: it lasts until `close`, until its widget is dropped or closed, or its result is closed.

    It keeps the result true. A transform that raises leaves the trait as it is, and is logged.
    """

    def __init__(
        self, live: LiveResult, widget: traitlets.HasTraits, trait: str, transform: Callable[[Any], Any]
    ) -> None:
        self._live = live
        self._trait = trait
        self._transform = transform
        self._waits = threading.Lock()  # held while a change is waiting to be shown: one setting answers all of them
        self._closed = False
        self._widget = weakref.ref(widget, lambda _: self.close())
        live.observe(self._on_change, "value")

    def close(self) -> None:
        """Leave the trait as it is from now on."""
        if not self._closed:
            self._closed = True
            self._live.unobserve(self._on_change, "value")

    def __enter__(self) -> Binding:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _on_change(self, _: Any) -> None:
        if self._waits.acquire(blocking=False):
            # Here and not above: a program that only imports the package needs no widgets.
            from reactive_nb.notebook.page.channel import channel

            channel().hub.after_frame(self._set)

    def _set(self) -> None:
        self._waits.release()  # first: what changes from here on asks again
        try:
            self.set_now()
        except Exception:  # of the transform or of the widget's own checks
            logger.exception("A binding of reactive_nb failed: %r", self)

    def set_now(self) -> None:
        """Set the trait to what the result is now."""
        widget = self._widget()
        if widget is None or self._closed or self._live.error is not None or self._live.state == "loading":
            return
        if getattr(widget, "comm", self) is None:  # closed, and so on no page any more
            self.close()
            return
        setattr(widget, self._trait, self._transform(self._live.value))

    def __repr__(self) -> str:
        return f"<binding of {self._live!r} to {type(self._widget()).__name__}.{self._trait}>"


def bind(
    live: LiveResult,
    widget: traitlets.HasTraits,
    trait: str = "value",
    transform: Callable[[Any], Any] = lambda value: value,
) -> Binding:
    """Keep a widget's trait equal to what `transform` makes of a live result.

    Args:
        live: The live result.
        widget: Any widget, or other owner of traits.
        trait: The name of the trait.
        transform: Makes the trait's value of the result's; the value itself by default.

    Returns:
        The binding; `close()` ends it. It need not be kept: it lasts as long as the widget, or until the same trait is
        bound again.

    Raises:
        QueryUsageError: `live` is no live result, or the widget has no such trait.

    Example:
        >>> count = ipywidgets.IntText()
        >>> rnb.bind(board, count, "value", len)
    """
    what = "Cannot bind a live result to a widget"
    if not hasattr(live, "why") or not isinstance(live, traitlets.HasTraits):
        raise QueryUsageError(
            what,
            thing=f"{show(live)} was given as the result",
            expected="a live result",
            hint="Write query.live(...), and bind what it returns",
        )
    if not isinstance(widget, traitlets.HasTraits) or not widget.has_trait(trait):
        raise QueryUsageError(
            what,
            thing=f"{type(widget).__name__} has no trait {trait!r}",
            expected="a widget, and the name of one of its traits",
            hint="Correct the name of the trait",
        )
    bound = _bindings.setdefault(widget, {})
    if trait in bound:
        bound[trait].close()  # of the same cell, run before: a trait follows one result
    bound[trait] = binding = Binding(live, widget, trait, transform)
    try:
        binding.set_now()
    except BaseException:  # a mistake shows in the cell that made it, and is not made again with each change
        binding.close()
        raise
    return binding


_bindings: weakref.WeakKeyDictionary[traitlets.HasTraits, dict[str, Binding]] = weakref.WeakKeyDictionary()
