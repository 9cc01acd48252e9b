"""Names in a function's code that mean the clock or chance: a warning where a query or mutation is declared.

Comes in: a plain function. Goes out: `ImpureFunctionWarning` for each place that names `time.time`, `datetime.now`,
`random.random` and the like. A result that hangs on them is outdated without any commit that says so, and a mutation
that is tried again would do something else. The code is read and not run, and helpers that it calls are not followed.
"""

from __future__ import annotations

import datetime
import dis
import importlib
import random
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final

from reactive_nb.errors import ImpureFunctionWarning

_NOW: Final = "ctx.now()"
_CHANCE: Final = "ctx.random"
_UUID: Final = "ctx.uuid()"

# By the module and the name that an object gives itself, whatever it is called where it is used.
_INSTEAD: Final[dict[tuple[str, str], str]] = {
    **{("time", name): _NOW for name in ("time", "time_ns", "monotonic", "monotonic_ns")},
    **{("uuid", name): _UUID for name in ("uuid1", "uuid4", "uuid6", "uuid7", "uuid8")},
    **{("secrets", name): _CHANCE for name in ("token_bytes", "token_hex", "token_urlsafe", "randbelow")},
    ("posix", "urandom"): _CHANCE,
    ("nt", "urandom"): _CHANCE,
    ("random", "SystemRandom"): _CHANCE,
    **{("numpy.random", name): _CHANCE for name in ("ranf", "sample", "seed")},
}
_NOW_OF_CLASSES: Final = frozenset(("now", "utcnow", "today"))
# Generators with a seed are as pure as their seed; without one, chance.
_SEEDABLE: Final = frozenset((("random", "Random"), ("numpy.random", "default_rng"), ("numpy.random", "RandomState")))

_ATTRIBUTES: Final = frozenset(("LOAD_ATTR", "LOAD_METHOD"))
_OUTER: Final = frozenset(("LOAD_GLOBAL", "LOAD_NAME"))
_STORES: Final = frozenset(("STORE_FAST", "STORE_DEREF", "STORE_NAME"))
_LOADS: Final = frozenset(("LOAD_FAST", "LOAD_FAST_BORROW", "LOAD_FAST_CHECK", "LOAD_DEREF", "LOAD_CLASSDEREF"))
_PAIR: Final = re.compile(r"((?:LOAD|STORE)_FAST(?:_BORROW)?)_((?:LOAD|STORE)_FAST(?:_BORROW)?)")
_IDLE: Final = frozenset(("CACHE", "EXTENDED_ARG", "NOP", "PRECALL", "PUSH_NULL", "RESUME"))
_CYTHON: Final = "cython_function_or_method"  # the type of numpy's plain functions
_BOUND: Final = frozenset((BuiltinFunctionType, MethodType))
_PLAIN: Final = frozenset((BuiltinFunctionType, FunctionType, type))
_UNKNOWN: Final = object()


@dataclass(frozen=True, slots=True)
class ImpureName:
    """One place in a function's code.

    Attributes:
        line: Where it stands.
        written: The name as it is written there.
        meant: What it means, in full.
        instead: What to write in its place.
    """

    line: int
    written: str
    meant: str
    instead: str


def warn_if_impure(function: Callable[..., Any], path: str) -> None:
    """Warn of each place in a query or mutation that names the clock or chance; the warning points there.

    Args:
        function: The plain function.
        path: What errors and people call it.
    """
    if not isinstance(function, FunctionType):
        return  # a callable object: nobody knows what its code is
    registry = function.__globals__.setdefault("__warningregistry__", {})
    for found in impure_names(function):
        meaning = "" if found.meant == found.written else f", which is {found.meant}"
        warnings.warn_explicit(
            f"{path} names {found.written} at line {found.line}{meaning}: its result would differ from run to run. "
            f"Use {found.instead} instead",
            ImpureFunctionWarning,
            function.__code__.co_filename,
            found.line,
            function.__module__,
            registry,
        )


def impure_names(function: FunctionType) -> list[ImpureName]:
    """Return the places in a function's code, and in the functions written inside it, that mean the clock or chance.

    Example:
        >>> [found.meant for found in impure_names(stamp)]
        ['time.time']
    """
    around = dict(zip(function.__code__.co_freevars, map(_content, function.__closure__ or ()), strict=True))
    return list(dict.fromkeys(_found(function.__code__, function.__globals__, around)))


def _found(code: CodeType, names: dict[str, Any], own: dict[str, Any]) -> Iterator[ImpureName]:
    """Follow names, attributes and imports through code, from top to bottom; whatever else there is means nothing.

    Args:
        code: What to read.
        names: The globals.
        own: What the variables of the functions around it mean; those of this one are added.
    """
    instructions = list(_steps(code))
    meant: Any = _UNKNOWN
    imported: Any = _UNKNOWN
    written = ""
    is_import = False
    for position, each in enumerate(instructions):
        op, name = each.op, each.argument
        is_named = True
        if op in _OUTER:
            meant, written, is_import = names.get(name, _UNKNOWN), name, False
        elif op in _LOADS:
            meant, written, is_import = own.get(name, _UNKNOWN), name, False
        elif op in _ATTRIBUTES:
            meant, written = _attribute(meant, name), f"{written}.{name}"
        else:
            is_named = False
            if op == "IMPORT_NAME":
                wants_parts = instructions[position - 1].argument is not None
                meant = imported = _module(name if wants_parts else name.partition(".")[0])
                is_import = True
            elif op == "IMPORT_FROM":
                meant, is_import = _attribute(imported, name), True
            elif op in _STORES:
                # An alias of a function was found where it was made.
                own[name] = meant if is_import or isinstance(meant, ModuleType | type) else _UNKNOWN
            else:
                meant, is_import = _UNKNOWN, False
        if is_named:
            following = instructions[position + 1] if position + 1 < len(instructions) else None
            is_called_bare = following is not None and following.op == "CALL" and following.argument == 0
            known = _meaning(meant, is_called_bare)
            if known is not None:
                yield ImpureName(each.line, written, *known)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _found(constant, names, dict(own))


@dataclass(frozen=True, slots=True)
class _Step:
    """One instruction that does something, of any version of Python."""

    op: str
    argument: Any
    line: int


def _steps(code: CodeType) -> Iterator[_Step]:
    for each in dis.get_instructions(code):
        if each.opname in _IDLE:
            continue
        line = None if each.positions is None else each.positions.lineno
        line = code.co_firstlineno if line is None else line
        pair = _PAIR.fullmatch(each.opname)
        if pair is None:
            yield _Step(each.opname, each.argval, line)
        else:  # Python 3.13 does two in one, such as STORE_FAST_LOAD_FAST
            for op, name in zip(pair.groups(), each.argval, strict=True):
                yield _Step(op, name, line)


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a variable that is set later, such as the function itself
        return _UNKNOWN


def _module(name: str) -> Any:
    """Return a module that is loaded or costs nothing to load; nothing of a user's is run for a warning."""
    if name in sys.stdlib_module_names and name in ("time", "datetime", "random", "uuid", "os", "secrets"):
        return importlib.import_module(name)
    return sys.modules.get(name, _UNKNOWN)


def _attribute(owner: Any, name: str) -> Any:
    """Return an attribute, where looking at it runs no code of a stranger."""
    kind = type(owner)  # and not isinstance, which asks a proxy what it stands for
    if issubclass(kind, ModuleType):
        inside = f"{owner.__name__}.{name}"
        if inside == "numpy.random":  # which numpy loads when it is first used
            return importlib.import_module(inside)
        return vars(owner).get(name, sys.modules.get(inside, _UNKNOWN))
    if _is_date_class(owner):
        return getattr(owner, name) if name in _NOW_OF_CLASSES and hasattr(owner, name) else _UNKNOWN
    return getattr(owner, name, _UNKNOWN) if _is_generator(kind) else _UNKNOWN


def _meaning(value: Any, is_called_bare: bool) -> tuple[str, str] | None:
    """Return the full name of what is the clock or chance, and what to write instead; None of anything else."""
    kind = type(value)
    if kind in _BOUND and value.__self__ is not None:
        owner = value.__self__
        if _is_date_class(owner) and value.__name__ in _NOW_OF_CLASSES:
            return f"{owner.__name__}.{value.__name__}", _NOW
        if _is_generator(type(owner)):
            module = "random" if isinstance(owner, random.Random) else "numpy.random"
            return f"{module}.{value.__name__}", _CHANCE
    if kind not in _PLAIN and kind.__name__ != _CYTHON:
        return None
    module, name = str(value.__module__), value.__name__
    if module == "numpy.random.mtrand":
        module = "numpy.random"
    if (module, name) in _SEEDABLE:
        return (f"{module}.{name}", f"{_CHANCE}, or a seed from it,") if is_called_bare else None
    instead = _INSTEAD.get((module, name))
    return None if instead is None else (f"{'os' if name == 'urandom' else module}.{name}", instead)


def _is_date_class(value: Any) -> bool:
    return issubclass(type(value), type) and issubclass(value, datetime.date)


def _is_generator(kind: type) -> bool:
    return issubclass(kind, random.Random) or str(kind.__module__).startswith("numpy.random")
