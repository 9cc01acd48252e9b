"""What shows the results of functions and runs them: live results, forms, buttons, and the holds behind live results.

The part of `Engine` that hands these out. A hold keeps one query call true for its holder; see `refresher`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactive_nb.engine.inspection import Inspection
from reactive_nb.engine.interrupts import Uninterrupted
from reactive_nb.engine.refresher import Hold, Holder
from reactive_nb.functions.function import Function

if TYPE_CHECKING:
    from reactive_nb.engine.engine import Engine


class Bindings(Inspection):
    """See the module."""

    def live(self: Engine, function: Function, args: dict[str, Any]) -> Any:  # type: ignore[misc]  # Engine is the only one
        """Return a live result of a query call; what `function.live` does."""
        self._require_open()
        return self._surface.live(self, function, args)

    def form(self: Engine, function: Function, options: dict[str, Any]) -> Any:  # type: ignore[misc]  # Engine is the only one
        """Return a form that runs a function; what `function.form` does."""
        self._require_open()
        return self._surface.form(self, function, options)

    def button(self: Engine, function: Function, label: str | None, args: dict[str, Any]) -> Any:  # type: ignore[misc]  # Engine is the only one
        """Return a button that runs a function; what `function.button` does."""
        self._require_open()
        return self._surface.button(self, function, label, args)

    def hold(self, function: Function, args: dict[str, Any], holder: Holder) -> Hold:
        """Keep a query call true for a holder, and return when it has the result.

        A listener, or a query, that asks for one gets it with the next moment instead.

        Raises:
            ArgumentValidationError: The arguments do not fit; nothing is held.
        """
        function = self._registry.current(function)
        checked = self.checked(function, args)
        hold = None
        try:
            with Uninterrupted():  # or nobody might know of a hold that there is
                hold = self._refresher.hold(function, checked, holder)
            self.arrive()
        except BaseException:
            # Nobody gets to know the holder, so nobody could end what its query does, which may take for ever.
            if hold is not None:
                self._refresher.let_go(hold)
            raise
        return hold

    def arrive(self) -> None:
        """Return when whoever holds something has it; at once on the thread that a listener or a query runs on."""
        if not self._refresher.is_own_thread:
            self._refresher.settle()

    def catch_up(self) -> None:
        """Return when every live result shows the newest commit; jobs, which may take long, are not waited for."""
        self._refresher.settle()

    def move(self, hold: Hold, function: Function, args: dict[str, Any]) -> None:
        """Let a hold ask for something else; its holder hears of it with the next moment."""
        function = self._registry.current(function)
        self._refresher.move(hold, function, self.checked(function, args))

    def pause(self, hold: Hold) -> int:
        """Let a holder keep what it has until `resume`; return the commit that this is true for."""
        return self._refresher.pause(hold)

    def resume(self, hold: Hold) -> None:
        """Take back `pause`; the holder gets the result of the newest commit with the next moment."""
        self._refresher.resume(hold)

    def let_go(self, hold: Hold) -> None:
        """End a hold."""
        self._refresher.let_go(hold)

    def checked(self, function: Function, args: dict[str, Any]) -> dict[str, Any]:
        """Return arguments as the function wants them."""
        self._require_open()
        return function.checked_args(args, self._committer.head.numbers)
