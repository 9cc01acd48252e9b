"""The page's code: ES modules and style sheets of static/, joined into the one text that a widget carries.

They are written as modules that a browser or a test can load as they are. Joining is all there is to it: a module
stands after those it imports, the imports among them and the word `export` fall away, nothing else changes. So
top-level names are unique over all modules, and an import is one line without renaming.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parents[1] / "static"

_IMPORT = re.compile(r'^import .* from "\./(.*)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


@cache
def page_module(entry: str) -> str:
    """Return a module of static/ and all that it imports, directly or not, as one.

    Example:
        >>> class LiveTable(anywidget.AnyWidget):
        ...     _esm = page_module("grid.js")
    """
    return "\n".join(_IMPORT.sub("", _EXPORT.sub("", _text(name))) for name in modules_of(entry))


def modules_of(entry: str) -> list[str]:
    """Return a module and all that it imports, each after those it imports itself."""
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        if name not in found:
            for imported in _IMPORT.findall(_text(name)):
                visit(imported)
            found[name] = None

    visit(entry)
    return list(found)


@cache
def page_style(*names: str) -> str:
    """Return style sheets of static/ as one."""
    return "\n".join(map(_text, names))


def _text(name: str) -> str:
    return (STATIC / name).read_text("utf-8")
