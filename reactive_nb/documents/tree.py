"""The nodes of an ordered map, and how a batch of changes makes new ones out of old ones.

Comes in: sorted keys and values, or a node and sorted changes. Goes out: a *row*, the nodes that stand there now and
the lower bound of each. A B+ tree: leaves hold the entries, a branch holds its children and the keys that separate
them. Nodes never change once another can see them, except that they keep what was once computed from them.

Three invariants make every path as short as the others and keep nodes from withering:

1. all leaves are equally deep;
2. a node holds at most its capacity, and at least a quarter of it unless it is the root;
3. every key left of a separator is smaller than it, every key right of it is equal or larger.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from reactive_nb.documents.monoid import AnyMonoid, Memo, is_kept, of_run, with_partial

V = TypeVar("V")
P = TypeVar("P")


class Shape(NamedTuple):
    """How many entries a leaf and how many children a branch may hold, each at least 4.

    Measured from 32 to 256 with a million entries: below 64 the tree gets deeper and every read pays, above it a
    write pays, because copying a list touches the reference count of each element and most are in no CPU cache.
    """

    leaf: int = 64
    branch: int = 64

    def capacity(self, height: int) -> int:
        """Return what a node may hold whose leaves are `height` levels below it."""
        return self.branch if height else self.leaf

    def least(self, height: int) -> int:
        """Return what such a node must hold unless it is the root."""
        return max(2, self.capacity(height) // 4)


class Leaf(Generic[V]):
    """A run of entries: two parallel lists, sorted by key."""

    __slots__ = ("keys", "memo", "size", "values")

    def __init__(self, keys: list[bytes], values: list[V]) -> None:
        self.keys = keys
        self.values = values
        self.size = len(keys)
        self.memo: Memo | None = None


class Branch(Generic[V]):
    """Children in order; `separators[i]` stands between `children[i]` and `children[i + 1]`."""

    __slots__ = ("_offsets", "children", "memo", "separators", "size")

    def __init__(
        self, separators: list[bytes], children: list[Node[V]], size: int, offsets: list[int] | None = None
    ) -> None:
        self.separators = separators
        self.children = children
        self.size = size
        self.memo: Memo | None = None
        self._offsets = offsets

    def offsets(self) -> list[int]:
        """Return how many entries lie before each child; computed when first asked for."""
        if self._offsets is None:
            self._offsets = list(accumulate([child.size for child in self.children], initial=0))
        return self._offsets

    def resized(self, at: int, child: Node[V], growth: int) -> Branch[V]:
        """Return this branch with another child at one place, which has `growth` entries more."""
        children = self.children.copy()
        children[at] = child
        return Branch(self.separators, children, self.size + growth, None if growth else self._offsets)


Node: TypeAlias = Leaf[V] | Branch[V]
Row: TypeAlias = tuple[list[bytes], list[Node[V]]]
"""Neighbours of one height, and for each a lower bound of its keys. The first bound is for the caller to know better."""


def partial(node: Node[V], monoid: AnyMonoid[V, P]) -> P:
    """Return what a monoid makes of all entries below a node, which remembers it unless it grows too large."""
    memo = node.memo
    if memo is not None and monoid in memo:
        known: P = memo[monoid]
        return known
    if isinstance(node, Leaf):
        computed = of_run(monoid, node.keys, node.values)
    else:
        computed = monoid.combine([partial(child, monoid) for child in node.children])
    if is_kept(monoid, computed, node.size):
        node.memo = with_partial(memo, monoid, computed)
    return computed


def row_of_leaves(keys: list[bytes], values: list[V], shape: Shape) -> Row[V]:
    """Return leaves that hold these entries; none when there are none."""
    bounds = _cuts(len(keys), shape.leaf)
    nodes: list[Node[V]] = [Leaf(keys[first:last], values[first:last]) for first, last in pairwise(bounds)]
    return [keys[first] for first in bounds[:-1]], nodes


def row_of_branches(lows: list[bytes], children: list[Node[V]], shape: Shape) -> Row[V]:
    """Return branches over a row."""
    bounds = _cuts(len(children), shape.branch)
    nodes: list[Node[V]] = [
        Branch(lows[first + 1 : last], children[first:last], sum([child.size for child in children[first:last]]))
        for first, last in pairwise(bounds)
    ]
    return [lows[first] for first in bounds[:-1]], nodes


def rooted(lows: list[bytes], nodes: list[Node[V]], height: int, shape: Shape) -> tuple[Node[V], int]:
    """Return one root above a row of nodes of this height, and the root's own height."""
    if not nodes:
        return Leaf([], []), 0
    while len(nodes) > 1:
        lows, nodes = row_of_branches(lows, nodes, shape)
        height += 1
    root = nodes[0]
    while isinstance(root, Branch) and len(root.children) == 1:
        root = root.children[0]
        height -= 1
    return root, height


def changed(
    node: Node[V], height: int, keys: Sequence[bytes], values: Sequence[V | None], first: int, last: int, shape: Shape
) -> Row[V]:
    """Return what stands in the place of a node after changes `first` to `last` (exclusive) of a batch.

    Args:
        node: The node.
        height: Its height.
        keys: The keys of the batch, sorted; those of the changes lie within the bounds of the node.
        values: The new value of each key; None deletes.
        first: The first change.
        last: The one after the last.
        shape: The sizes of nodes.
    """
    if isinstance(node, Leaf):
        return _changed_leaf(node, keys, values, first, last, shape)
    separators, children = node.separators, node.children
    lows = [b"", *separators]
    new_lows: list[bytes] = []
    new_nodes: list[Node[V]] = []
    done = 0  # children before this one stand in the new row
    mend = False
    while first < last:
        at = bisect_right(separators, keys[first], done)
        until = bisect_left(keys, separators[at], first, last) if at < len(separators) else last
        below_lows, below = changed(children[at], height - 1, keys, values, first, until, shape)
        if below:
            below_lows[0] = lows[at]
            mend = mend or _is_small(below[0], height - 1, shape)
        new_lows += lows[done:at] + below_lows
        new_nodes += children[done:at] + below
        done = at + 1
        first = until
    new_lows += lows[done:]
    new_nodes += children[done:]
    if mend:
        new_lows, new_nodes = _mended(new_lows, new_nodes, height - 1, shape)
    return row_of_branches(new_lows, new_nodes, shape)


def _changed_leaf(
    leaf: Leaf[V], keys: Sequence[bytes], values: Sequence[V | None], first: int, last: int, shape: Shape
) -> Row[V]:
    # Runs are copied as slices, those of the leaf and those of new keys: a frame brings thousands between two old ones.
    new_keys: list[bytes] = []
    new_values: list[V] = []
    done = 0
    while first < last:
        at = bisect_left(leaf.keys, keys[first], done)
        new_keys += leaf.keys[done:at]
        new_values += leaf.values[done:at]
        done = at
        until = bisect_left(keys, leaf.keys[at], first, last) if at < leaf.size else last
        run = keys[first:until]
        if not run:  # the key is there, and stays the same object in all versions, so that it takes memory once
            run = [leaf.keys[at]]
            done, until = at + 1, first + 1
        run_values: Sequence[Any] = values[first:until]
        if type(None) in map(type, run_values):
            run = [key for key, value in zip(run, run_values, strict=True) if value is not None]
            run_values = [value for value in run_values if value is not None]
        new_keys += run
        new_values += run_values
        first = until
    new_keys += leaf.keys[done:]
    new_values += leaf.values[done:]
    return row_of_leaves(new_keys, new_values, shape)


def _mended(lows: list[bytes], nodes: list[Node[V]], height: int, shape: Shape) -> Row[V]:
    """Return the row with every node that is too small joined to a neighbour, as far as it has one."""
    new_lows: list[bytes] = []
    new_nodes: list[Node[V]] = []
    for low, node in zip(lows, nodes, strict=True):
        if new_nodes and (_is_small(node, height, shape) or _is_small(new_nodes[-1], height, shape)):
            joined_lows, joined = _joined(new_nodes.pop(), low, node, height, shape)
            joined_lows[0] = new_lows.pop()
            new_lows += joined_lows
            new_nodes += joined
        else:
            new_lows.append(low)
            new_nodes.append(node)
    return new_lows, new_nodes


def _joined(left: Node[V], low: bytes, right: Node[V], height: int, shape: Shape) -> Row[V]:
    """Return one node or two that hold what two neighbours held; `low` is the bound between them."""
    if isinstance(left, Leaf) or isinstance(right, Leaf):
        assert isinstance(left, Leaf)
        assert isinstance(right, Leaf)
        return row_of_leaves(left.keys + right.keys, left.values + right.values, shape)
    # A small node may have had a small only child, which has a neighbour from now on.
    lows, nodes = _mended(
        [b"", *left.separators, low, *right.separators], left.children + right.children, height - 1, shape
    )
    return row_of_branches(lows, nodes, shape)


def _is_small(node: Node[V], height: int, shape: Shape) -> bool:
    held = len(node.keys) if isinstance(node, Leaf) else len(node.children)
    return held < shape.least(height)


def _cuts(count: int, capacity: int) -> list[int]:
    """Return where to cut `count` things into nodes: one if they fit, else even ones about three quarters full.

    Full nodes would have to be split by the next insert into each.
    """
    if count == 0:
        return [0]
    if count <= capacity:
        return [0, count]
    nodes = -(-count * 4 // (capacity * 3))
    return [node * count // nodes for node in range(nodes + 1)]


def check_node(
    node: Node[Any], height: int, shape: Shape, low: bytes | None, high: bytes | None, is_root: bool
) -> None:
    """Assert the invariants of a node and of all below it, whose keys lie in `[low, high)`; None is no bound."""
    if isinstance(node, Leaf):
        assert height == 0
        assert len(node.keys) == len(node.values) == node.size <= shape.leaf
        assert all(before < after for before, after in pairwise(node.keys))
        assert low is None or not node.keys or low <= node.keys[0]
        assert high is None or not node.keys or node.keys[-1] < high
    else:
        assert height > 0
        assert 1 < len(node.children) <= shape.branch if is_root else 1 <= len(node.children) <= shape.branch
        assert len(node.separators) == len(node.children) - 1
        assert node.size == sum(child.size for child in node.children)
        assert node.offsets() == list(accumulate((child.size for child in node.children), initial=0))
        bounds = [low, *node.separators, high]
        for child, (child_low, child_high) in zip(node.children, pairwise(bounds), strict=True):
            assert child_low is None or child_high is None or child_low < child_high
            check_node(child, height - 1, shape, child_low, child_high, False)
    assert is_root or not _is_small(node, height, shape)
    for monoid, known in (node.memo or {}).items():
        if isinstance(node, Leaf):
            assert known == of_run(monoid, node.keys, node.values)
        else:
            assert known == monoid.combine([partial(child, monoid) for child in node.children])
