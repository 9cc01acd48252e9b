"""Where one document stands in each index of its table: the keys, as bytes whose order is the index's order.

Comes in: a decoded document. Goes out: one key per index (a tuple of keys for a `multi` index, one per different
element). The key of a declared index is its encoded field values, then `_creationTime`, then the document id, so
every key is different and equal values stand in order of creation. `by_id` is keyed by the id alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reactive_nb.documents.document import CREATION_TIME, ID
from reactive_nb.schema.declaration import BY_CREATION_TIME, BY_ID, Index, StoredTable
from reactive_nb.values.order import encode_key, encode_value
from reactive_nb.values.value import UNSET

Key = bytes | tuple[bytes, ...]
Keys = tuple[Key, ...]
"""One entry per index, in the order of `KeyMaker.names`."""

_CREATION_TIME_BYTES = len(encode_value(0.0))


class KeyMaker:
    """Computes the keys of one table's documents; made once per declaration.

    Attributes:
        names: The indexes, `by_id` and `by_creation_time` first.
        position: Where each index name stands in `names` and in `Keys`.
        unique: Positions of the unique indexes.
    """

    __slots__ = ("_declared", "names", "position", "unique")

    def __init__(self, stored: StoredTable) -> None:
        declared = stored.table.indexes
        self.names = (BY_ID, BY_CREATION_TIME, *(index.name for index in declared))
        self.position = {name: position for position, name in enumerate(self.names)}
        self.unique = tuple(self.position[index.name] for index in declared if index.unique)
        self._declared = tuple(_prefixes(index) for index in declared)

    def keys(self, document: Mapping[str, Any]) -> Keys:
        """Return the document's key in every index."""
        id_bytes = document[ID].encode()
        suffix = encode_value(document[CREATION_TIME]) + id_bytes
        keys: list[Key] = [id_bytes, suffix]
        for prefixes in self._declared:
            prefix = prefixes(document)
            if type(prefix) is bytes:
                keys.append(prefix + suffix)
            else:
                keys.append(tuple(each + suffix for each in prefix))
        return tuple(keys)


def each_key(key: Key) -> tuple[bytes, ...]:
    """Return an entry of `Keys` as a tuple, whichever kind of index it comes from."""
    return (key,) if isinstance(key, bytes) else key


def field_prefix(key: bytes, id_bytes: bytes) -> bytes:
    """Return the part of a declared index's key that encodes its fields, without creation time and id."""
    return key[: -_CREATION_TIME_BYTES - len(id_bytes)]


def value_at(document: Any, path: tuple[str, ...]) -> Any:
    """Return what stands at a field path of a document, or UNSET when a step of it is missing."""
    value = document
    for name in path:
        if type(value) is not dict or name not in value:
            return UNSET
        value = value[name]
    return value


def exempt_from_unique(document: Mapping[str, Any], index: Index) -> bool:
    """Whether a document may share its key in a unique index: as in SQL, when one of the fields is missing or null."""
    paths = index.paths()[1:] if index.multi else index.paths()  # a document has no key for an array that is missing
    return any(value is UNSET or value is None for value in (value_at(document, path) for path in paths))


def _prefixes(index: Index) -> Callable[[Mapping[str, Any]], Key]:
    """Return the function that encodes an index's fields; the common shapes have functions of their own for speed."""
    paths = index.paths()
    if index.multi:

        def of_elements(document: Mapping[str, Any]) -> tuple[bytes, ...]:
            elements = value_at(document, paths[0])
            if type(elements) is not list:
                return ()  # like an array without elements: nothing to be found under
            rest = encode_key(value_at(document, path) for path in paths[1:])
            # A dict keeps the first of equal elements, so a document stands once under each.
            return tuple(dict.fromkeys(encode_value(element) + rest for element in elements))

        return of_elements
    if all(len(path) == 1 for path in paths):
        names = [path[0] for path in paths]
        if len(names) == 1:
            (name,) = names
            return lambda document: encode_value(document.get(name, UNSET))
        return lambda document: encode_key([document.get(name, UNSET) for name in names])
    return lambda document: encode_key([value_at(document, path) for path in paths])
