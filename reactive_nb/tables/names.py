"""SQL names: quoted always, and different from each other although DuckDB takes `Name` and `name` for one.

Comes in: the names of documents, fields and indexes, which may differ in case only. Goes out: names that stand side by
side in one DuckDB schema or table.
"""

from __future__ import annotations

from collections.abc import Iterable


def quoted(*names: str) -> str:
    """Return a name for use in SQL; several are the parts of one, outermost first.

    Example:
        >>> quoted("main", "flights")
        '"main"."flights"'
    """
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def free_name(wanted: str, taken: set[str]) -> str:
    """Return `wanted`, or with the first of the endings `_2`, `_3`… that makes it free; what is returned becomes taken.

    Args:
        wanted: A name.
        taken: Names in lower case; the result is added.
    """
    name = wanted
    number = 1
    while name.lower() in taken:
        number += 1
        name = f"{wanted}_{number}"
    taken.add(name.lower())
    return name


def distinct_names(wanted: Iterable[str]) -> list[str]:
    """Return one name for each that is wanted, in order.

    Example:
        >>> distinct_names(["name", "Name", "name_2"])
        ['name', 'Name_2', 'name_2_2']
    """
    taken: set[str] = set()
    return [free_name(name, taken) for name in wanted]
