"""`rnb.bind`: a trait of any widget kept equal to what a function makes of a live result.

Changes of the result come in; the trait is set right after the frame in which pages see the same moment, at most once
per frame however fast the result changes.

A binding ends with the cell that made it: ipywidgets keeps every widget until it is closed, so the ones that a cell
made the last time, and no page shows any more, would keep a query running each.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable
from typing import Any, cast

import traitlets

from reactive_nb.errors import QueryUsageError
from reactive_nb.notebook.page.interface import LiveResult
from reactive_nb.values.refusal import show

logger = logging.getLogger("reactive_nb")


class Binding:
    """What `bind` returns; `close` ends it, and whatever else `bind` says.

    It keeps the result true. A transform that raises leaves the trait as it is, and is logged.
    """

    def __init__(
        self, live: LiveResult, widget: traitlets.HasTraits, trait: str, transform: Callable[[Any], Any]
    ) -> None:
        self._live: LiveResult | None = live  # becomes None at the end, for whoever still has the binding
        self._trait = trait
        self._transform = transform
        self._waits = threading.Lock()  # held while a change is waiting to be shown: one setting answers all of them
        self._widget = weakref.ref(widget, lambda _: self.close())
        live.observe(self._on_change, "value")

    def close(self) -> None:
        """Leave the trait as it is from now on."""
        live, self._live = self._live, None
        if live is not None:
            live.unobserve(self._on_change, "value")
            widget = self._widget()
            bound = {} if widget is None else _bindings.get(widget, {})
            if bound.get(self._trait) is self:
                del bound[self._trait]

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
        widget, live = self._widget(), self._live
        if widget is None or live is None or live.error is not None or live.state == "loading":
            return
        if getattr(widget, "comm", self) is None:  # closed, and so on no page any more
            self.close()
            return
        setattr(widget, self._trait, self._transform(live.value))

    def __repr__(self) -> str:
        to = f"to {type(self._widget()).__name__}.{self._trait}"
        return f"<binding {to}, closed>" if self._live is None else f"<binding of {self._live!r} {to}>"


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
        The binding, which need not be kept. It lasts until its `close()`; until the cell that made it runs again; until
        the same trait is bound again; or until the widget is closed or the result is.

    Raises:
        QueryUsageError: `live` is no live result, the widget has no such trait, or `transform` cannot be called.

    Example:
        >>> count = ipywidgets.IntText()
        >>> rnb.bind(board, count, "value", len)
    """
    _check(live, widget, trait, transform)
    bound = _bindings.setdefault(widget, {})
    if trait in bound:
        bound[trait].close()  # of the same cell, run before: a trait follows one result
    bound[trait] = binding = Binding(live, widget, trait, transform)
    _note_cell(binding)
    try:
        binding.set_now()
    except BaseException:  # a mistake shows in the cell that made it, and is not made again with each change
        binding.close()
        raise
    return binding


_bindings: weakref.WeakKeyDictionary[traitlets.HasTraits, dict[str, Binding]] = weakref.WeakKeyDictionary()
"""What keeps a binding: its widget, by the trait."""


def _check(live: LiveResult, widget: object, trait: object, transform: object) -> None:
    """Raise `QueryUsageError` for what cannot be bound."""
    if not hasattr(live, "why") or not isinstance(cast("object", live), traitlets.HasTraits):
        raise QueryUsageError(
            "Cannot bind a live result to a widget",
            thing=f"{show(live)} was given as the result",
            expected="a live result",
            hint="Write query.live(...), and bind what it returns",
        )
    what = f"Cannot bind {live.path} to a widget"
    if not isinstance(widget, traitlets.HasTraits):
        raise QueryUsageError(
            what,
            thing=f"{show(widget)} was given as the widget",
            expected="a widget, or another owner of traits",
            hint='Write bind(live, widget, "value")',
        )
    if not isinstance(trait, str) or not widget.has_trait(trait):
        names = sorted(name for name in widget.trait_names() if not name.startswith("_"))
        raise QueryUsageError(
            what,
            thing=f"{type(widget).__name__} has no trait {trait!r}",
            expected="the name of one of its traits",
            hint=f"Use one of: {', '.join(names) or 'none'}",
        )
    if not callable(transform):
        raise QueryUsageError(
            what,
            thing=f"{show(transform)} was given as the transform",
            expected="a function of the result's value",
            hint="Pass a function such as len, or leave it out to have the value itself",
        )


# ---------------------------------------------------------------------- the cells that made them

_made_by: dict[str, weakref.WeakSet[Binding]] = {}
"""The bindings that a cell made when it ran last, by what the cell is known again by."""


def _note_cell(binding: Binding) -> None:
    """Let a binding end when the cell that is running now runs again, if one is."""
    from IPython.core.getipython import get_ipython  # here, as the channel above

    shell = get_ipython()
    if shell is None or threading.current_thread() is not threading.main_thread():
        return
    running = shell.displayhook.exec_result
    if running is not None:
        _made_by.setdefault(_cell_key(running.info), weakref.WeakSet()).add(binding)
        shell.events.register("pre_run_cell", _on_cell)  # again and again, which is once


def _on_cell(info: Any) -> None:
    for binding in list(_made_by.pop(_cell_key(info), ())):
        binding.close()


def _cell_key(info: Any) -> str:
    """Return the front end's id of a cell, or its source where there is none: in a terminal, in a %%live cell."""
    return str(getattr(info, "cell_id", None) or info.raw_cell)
