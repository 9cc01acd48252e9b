"""What a function's result may depend on beside the database: the variables its code takes from around it.

Comes in: a function from a cell. Goes out: whether one of its names means something that another cell may set. Such a
function is never answered from the cache, for no commit would say that the answer is outdated. In an imported module
names are taken to stay as they are.
"""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

_NAME_OPERATIONS = frozenset(("LOAD_GLOBAL", "LOAD_NAME"))
_CELL_MODULE = "__main__"


class FreeNames:
    """The names that one function takes from around it; made once, asked whenever a result might be kept."""

    __slots__ = ("_fixed", "_function", "_names")

    def __init__(self, function: Callable[..., Any], fixed: tuple[type, ...]) -> None:
        """Read a function's code.

        Args:
            function: Any callable.
            fixed: Further kinds of objects that a name may mean without making the function changeable.
        """
        self._function = function
        self._fixed = (ModuleType, type, BuiltinFunctionType, *fixed)
        code = getattr(function, "__code__", None)
        self._names = frozenset(_global_names(code)) if isinstance(code, CodeType) else None

    def may_change(self) -> bool:
        """Whether another cell could set one of them now."""
        function = self._function
        if self._names is None:
            return True  # not a plain function: nobody knows what it looks at
        if not isinstance(function, FunctionType) or function.__module__ != _CELL_MODULE:
            return False
        values = [function.__globals__[name] for name in self._names if name in function.__globals__]
        return function.__closure__ is not None or not all(map(self._stays, values))

    def _stays(self, value: object) -> bool:
        """Whether a name that means this is not expected to mean something else later."""
        if isinstance(value, FunctionType):
            return value.__module__ != _CELL_MODULE  # imported, and not a helper from another cell
        return isinstance(value, self._fixed)


def _global_names(code: CodeType) -> Iterator[str]:
    """Yield the global names in a function's code and in the functions written inside it."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in _NAME_OPERATIONS:
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _global_names(constant)
