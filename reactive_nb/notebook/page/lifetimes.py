"""Which views there are, whose they are, and how long pages keep their owners alive.

The hub puts views in. A view is held by its owner, a live result or a cell, and by nothing here: both go together, also
when the view's function names the result. The owner is held for as long as a page shows the view, and a while longer.
"""

from __future__ import annotations

import weakref
from typing import Any

from reactive_nb.notebook.page.view import View

AWAIT_S = 600.0
"""How long a result that was displayed is held for a page that has not shown it yet.

Voilà runs the whole notebook before its page connects, and a page that was closed may be opened again while a cell
runs. A result that is to be found later still, as in an app's kernel that was started ahead, needs a variable, as
anything else does; one that stands at the end of a cell has IPython's `Out`.
"""

_OWN = "_reactive_nb_views"


class Views:
    """The views of one hub.

    Thread rule: `in` may be asked on any thread; the rest under the hub's lock. Owners and their views are dropped on
    any thread at any moment, also while a method here runs.
    """

    def __init__(self) -> None:
        self._by_id: weakref.WeakValueDictionary[str, View] = weakref.WeakValueDictionary()
        self._owners: weakref.WeakSet[Any] = weakref.WeakSet()
        self._held: dict[str, object] = {}  # owners, by the view for whose sake they are held

    def __contains__(self, owner: object) -> bool:
        return owner in self._owners

    def watch(self, owner: object) -> None:
        """Have an owner in this collection from now on."""
        self._owners.add(owner)

    def get(self, id: str) -> View | None:
        """Return the view of this name, if there is one."""
        return self._by_id.get(id)

    def of(self, owner: object) -> list[View]:
        """Return the views of an owner."""
        views: list[View] = vars(owner).get(_OWN, [])
        return [view for view in views if view is self._by_id.get(view.id)]

    def all(self) -> list[View]:
        """Return all views."""
        # Not by iteration over the dictionary itself, which changes when an owner is dropped on another thread.
        return [view for view in [ref() for ref in self._by_id.valuerefs()] if view is not None]

    def add(self, view: View, owner: object, now: float) -> None:
        """Take in a view; if a page is about to show it, its owner is held from now on."""
        self.watch(owner)
        vars(owner).setdefault(_OWN, []).append(view)
        self._by_id[view.id] = view
        view.owner = weakref.ref(owner)
        if view.awaited:
            self._held[view.id] = owner
            view.awaited_until = now + AWAIT_S

    def remove(self, view: View) -> None:
        """Forget a view."""
        self._by_id.pop(view.id, None)
        self._held.pop(view.id, None)
        owner = view.owner()
        if owner is not None and view in vars(owner)[_OWN]:
            vars(owner)[_OWN].remove(view)

    def hold(self, now: float, keep_s: float, can_hear: bool) -> float | None:
        """Hold the owners of what pages show, and let go of those that none has shown for a while.

        Args:
            now: The time, in the hub's seconds.
            keep_s: How long an owner outlives the last place that showed its view.
            can_hear: Whether what pages say comes in now; while it does not, they cannot have said that they show it.

        Returns:
            In how many seconds to look again; None when there is nothing to wait for.
        """
        waits = []
        for view in self.all():
            owner = view.owner()
            if owner is not None:
                waits.append(self._hold(view, owner, now, keep_s, can_hear))
        return min((wait_s for wait_s in waits if wait_s is not None), default=None)

    def _hold(self, view: View, owner: object, now: float, keep_s: float, can_hear: bool) -> float | None:
        if view.awaited and not can_hear:
            view.awaited_until = now + AWAIT_S
        elif view.awaited and view.awaited_until <= now:
            view.awaited = False
        if view.shown:
            self._held[view.id] = owner
            view.held_until = None
            return view.awaited_until - now if view.awaited else None
        if view.id not in self._held:
            return None
        if view.held_until is None:
            view.held_until = now + keep_s
        if view.held_until > now:
            return view.held_until - now
        del self._held[view.id]
        return None
