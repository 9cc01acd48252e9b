"""Arguments that move: a widget, or a pair (widget, trait name), where a query's argument is expected.

A call's arguments come in; the plain values of now go out, and again every time an observed trait changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import traitlets

from reactive_nb.errors import ArgumentValidationError


def watch_arguments(
    args: Mapping[str, Any], on_change: Callable[[dict[str, Any]], None]
) -> tuple[dict[str, Any], Callable[[], None]]:
    """Split plain arguments from traits and observe the traits.

    Args:
        args: By name: a plain value; a widget (any `traitlets.HasTraits` with a trait `value`); or a tuple of one and
            the name of a trait.
        on_change: Called with all current values after one of the traits has changed, on the thread that changed it:
            in a kernel that is any thread, so it should note the values and return.

    Returns:
        The current values, and a function that ends the observation.

    Raises:
        ArgumentValidationError: A widget has no trait of the name; nothing is observed then.

    Example:
        >>> values, close = watch_arguments({"origin": dropdown, "limit": 20}, restart)
        >>> values
        {'origin': 'EWR', 'limit': 20}
    """
    sources = {name: source for name, arg in args.items() if (source := _trait_source(name, arg)) is not None}

    def current() -> dict[str, Any]:
        return {name: getattr(*sources[name]) if name in sources else arg for name, arg in args.items()}

    def changed(_: Any) -> None:
        on_change(current())

    # A widget that gives two arguments is observed once per trait, so its change is one call.
    observed = list(dict.fromkeys(sources.values()))
    for owner, trait in observed:
        owner.observe(changed, trait)

    def close() -> None:
        while observed:
            owner, trait = observed.pop()
            owner.unobserve(changed, trait)

    return current(), close


def _trait_source(name: str, arg: object) -> tuple[traitlets.HasTraits, str] | None:
    match arg:
        case traitlets.HasTraits():
            owner, trait = arg, "value"
        case (traitlets.HasTraits() as owner, str(trait)):
            pass
        case _:
            return None
    if not owner.has_trait(trait):
        kind = type(owner).__name__
        raise ArgumentValidationError(
            f"Cannot observe the argument {name!r}",
            thing=f"{kind} has no trait {trait!r}",
            expected="a widget with the trait `value`, or a pair (widget, trait name)",
            hint=f"Pass ({kind.lower()}, name) with one of: {', '.join(sorted(_own_traits(owner))) or 'none'}",
            path=f"$.{name}",
        )
    return owner, trait


def _own_traits(owner: traitlets.HasTraits) -> list[str]:
    return [trait for trait in owner.trait_names() if not trait.startswith("_")]
