"""Effects: what one run changed in its query's result, found by running the query again at both moments.

Comes in: two runs of a subscription that follow one another. Goes out: a sentence, and the rows that came, went and
changed. Nothing of this is kept when a query runs; it is worked out from the history when somebody asks, and says so
where that cannot tell.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from reactive_nb.engine.engine import Engine
from reactive_nb.errors import SnapshotGone, error_text
from reactive_nb.notebook.result.encoding import Cell, encode_cell
from reactive_nb.notebook.result.rows import diff, same
from reactive_nb.notebook.result.shape import KEY, SYSTEM_COLUMNS, VALUE, KeyedRows, Row, is_frame, keys_of, shape_of
from reactive_nb.notebook.teach.words import count
from reactive_nb.subscriptions.subscription import Run, State, Subscription, args_of
from reactive_nb.values import wire

COMPARED = 5000
"""How many rows of a result are compared; more would keep the cell waiting."""

Kind = Literal["added", "removed", "changed"]
Fields = list[tuple[str, Cell, Cell]]
"""Name, before, after. A field that was or is not there is `MISSING` there."""

MISSING: Cell = object()


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row that came, went, or has other cells than before; the key of a changed one says which it is."""

    kind: Kind
    key: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class Effect:
    """What a run changed: a sentence, and rows when they can be told."""

    sentence: str
    rows: Sequence[RowChange] = ()


def effect_of(engine: Engine, subscription: Subscription | None, history: Sequence[Run], at: int) -> Effect:
    """Return what the run `history[at]` changed in its result.

    Args:
        engine: Whose history the query runs in.
        subscription: The query call, or None when it is not kept true any more.
        history: Its runs, oldest first.
        at: Which of them.
    """
    run = history[at]
    if run.error is not None:
        again = " again" if at and not run.changed else ""
        return Effect(f"It raised {_error_text(run.error)}{again}.")
    if run.first:
        return Effect("Its first result; there was none before.")
    if not run.changed:
        return Effect("It ran, and the result stayed the same: nobody was told.")
    if at == 0:
        return Effect("The run before is no longer known, so what changed cannot be told.")
    before = history[at - 1]
    if before.error is not None:
        return Effect(f"It has a result again; the run before raised {_error_text(before.error)}.")
    refusal = _why_unknown(subscription, history, at)
    if refusal:
        return Effect(refusal)
    assert subscription is not None
    try:
        old, new = (_run_at(engine, subscription, each) for each in (before, run))
    except SnapshotGone:
        return Effect("The history does not reach back so far, so what changed cannot be told.")
    except Exception as error:  # noqa: BLE001  # of a user's query, which is only asked for a picture
        return Effect(f"What changed cannot be told: run again as of then, it raised {_error_text(error)}.")
    if run.ts == subscription.ts and not _is_result_of(subscription, new):
        return Effect("What changed cannot be told: run again as of then, its query gives something else.")
    effect = compared(old, new)
    if subscription.function.depends_on_variables:
        return replace(effect, sentence=f"{effect.sentence} Worked out with the notebook's variables as they are now.")
    return effect


def _why_unknown(subscription: Subscription | None, history: Sequence[Run], at: int) -> str:
    if subscription is None:
        return "It is closed, so its query is not run again to tell what changed."
    replaced_now = subscription.state is State.STALE and subscription.cause is None
    if replaced_now or any(run.cause is None and not run.first for run in history[at:]):
        return "Its function may have been defined again since, so what changed cannot be told."
    if subscription.page_ends:
        return "Its query reads pages, whose ends move, so what changed cannot be told."
    if subscription.uses_chance:
        return "Its result depends on more than the tables (the time, chance, a frame, a file): what changed cannot be told."
    return ""


def _run_at(engine: Engine, subscription: Subscription, run: Run) -> Any:
    return engine.at(run.ts).run(subscription.function, **args_of(run.key))


def _is_result_of(subscription: Subscription, value: Any) -> bool:
    """Whether a run has given what the subscription has; True where that cannot be told."""
    if is_frame(value):
        return bool(value.equals(subscription.result))
    try:
        return subscription.encoded in (None, wire.encode(value))
    except Exception:  # noqa: BLE001  # whatever a user's object raises, it cannot be compared
        return subscription.encoded is None


def _error_text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error_text(error)}".rstrip(": ")


# ---------------------------------------------------------------------- two results


def compared(old: Any, new: Any) -> Effect:
    """Return what differs between two results."""
    match old, new:
        case list(), list():
            return _lists(old, new)
        case _ if is_frame(old) and is_frame(new):
            return _lists(list(shape_of(old).rows), list(shape_of(new).rows))
        case dict(), dict():
            changed = changed_fields(row_of(old), row_of(new))
            return Effect(f"{count(len(changed), 'field')} changed.", [RowChange("changed", "", changed)])
        case _:
            return Effect(
                "The value changed.", [RowChange("changed", "", [(VALUE, encode_cell(old), encode_cell(new))])]
            )


def _lists(old: list[Any], new: list[Any]) -> Effect:
    rows, moved = _differences(old[:COMPARED], new[:COMPARED])
    kinds = Counter(row.kind for row in rows)
    parts = [f"{count(number, 'row')} {kind}" for kind in ("added", "removed", "changed") if (number := kinds[kind])]
    parts += [f"{count(moved, 'row')} moved"] if moved else []
    only = f" (of the first {COMPARED:,} rows)" if max(len(old), len(new)) > COMPARED else ""
    return Effect(
        f"{', '.join(parts) or 'No row changed'}{only}; {count(len(old), 'row')} before, {len(new):,} now.", rows
    )


def _differences(old: list[Any], new: list[Any]) -> tuple[list[RowChange], int]:
    """Return the rows that differ, and how many only moved."""
    was, now = _keyed(old), _keyed(new)
    rows: list[RowChange] = []
    moved = 0
    for op in diff(was, now):
        key = op["key"]
        match op["op"]:
            case "insert":
                rows.append(RowChange("added", key, changed_fields({}, now[key])))
            case "delete":
                rows.append(RowChange("removed", key, changed_fields(was[key], {})))
            case "update":
                rows.append(RowChange("changed", key, changed_fields(was[key], now[key])))
            case "move":
                moved += 1
    if any(key.startswith("#") for key in (*was, *now)):
        # Rows without ids are known by their place, and one more at the top would change all of them.
        exchanged = _exchanged(was, now)
        return (exchanged, 0) if len(exchanged) < len(rows) else (rows, 0)
    return rows, moved


def _exchanged(was: KeyedRows, now: KeyedRows) -> list[RowChange]:
    """Return the rows that one of two lists has more often than the other."""
    texts = [Counter(json.dumps(row) for row in rows.values()) for rows in (was, now)]
    gone, come = texts[0] - texts[1], texts[1] - texts[0]
    removed = [RowChange("removed", "", changed_fields(json.loads(text), {})) for text in gone.elements()]
    return removed + [RowChange("added", "", changed_fields({}, json.loads(text))) for text in come.elements()]


def _keyed(items: list[Any]) -> KeyedRows:
    if all(isinstance(item, dict) for item in items):
        return dict(zip(keys_of(items), map(row_of, items), strict=True))
    return {f"#{place}": {VALUE: encode_cell(item)} for place, item in enumerate(items)}


def row_of(item: Mapping[Any, Any]) -> Row:
    """Return a document or another mapping as a row of cells."""
    return {str(field): encode_cell(value) for field, value in item.items()}


def changed_fields(before: Row, after: Row) -> Fields:
    """Return the fields that differ; the system's own are left out of rows and documents that came or went."""
    names = [*after, *(name for name in before if name not in after)]
    pairs = [(name, before.get(name, MISSING), after.get(name, MISSING)) for name in names]
    changed = [(name, old, new) for name, old, new in pairs if old is MISSING or new is MISSING or not same(old, new)]
    own = [each for each in changed if each[0] not in SYSTEM_COLUMNS]
    return own or [each for each in changed if each[0] == KEY]
