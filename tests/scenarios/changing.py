"""A process that changes a database by SQL and frames for ever while it folds, for `test_sql_crash.py` to kill.

It says `open`, the number of each step once it was told that it is committed, and `folded` after each fold. What a step
does is a pure function of its number and of the documents before it (`edits`); each is one statement or one frame.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pandas as pd

import reactive_nb as rnb
from reactive_nb import v

State = dict[int, int]
"""The documents: place → value."""

WATCHDOG_SECONDS = 60
MOST = 400  # documents
EPOCH = datetime(2024, 1, 1, tzinfo=UTC)

TABLE = rnb.table(
    place=v.int64(),
    value=v.int64(),
    text=v.optional(v.string()),
    tags=v.array(v.string()),
    moment=v.datetime(),
    size=v.object(x=v.number(), y=v.optional(v.number())),
    rest=v.any(),
)
TABLE = TABLE.index("by_place", "place", unique=True).index("by_value", "value")

FIELDS = {
    "value": "CAST($value AS BIGINT)",
    "text": "CASE WHEN $value % 3 > 0 THEN repeat(CAST($value AS VARCHAR), 1 + $value % 50) END",
    "tags": "[CAST($value AS VARCHAR), 'tag']",
    "moment": "TIMESTAMPTZ '2024-01-01 00:00:00+00' + to_seconds($value)",
    "size": "{x: $value, y: CASE WHEN $value % 2 > 0 THEN $value END}",
    "rest": "json_object('value', $value)",
}
"""What stands in a document that has `$value`, in SQL."""
SELECTED = ", ".join(f"{sql} AS {name}" for name, sql in FIELDS.items())
UPDATE = "UPDATE items SET " + ", ".join(f"{name} = {sql}" for name, sql in FIELDS.items())


def document(place: int, value: int) -> dict[str, Any]:
    """Return the document that stands for a value at a place."""
    text = {"text": str(value) * (1 + value % 50)} if value % 3 else {}
    size = {"x": float(value), **({"y": float(value)} if value % 2 else {})}
    at = EPOCH + timedelta(seconds=value)
    tags, rest = [str(value), "tag"], {"value": value}
    return {"place": place, "value": value, **text, "tags": tags, "moment": at, "size": size, "rest": rest}


def edits(step: int, state: State) -> tuple[str, list[int]]:
    """Return what a step does, and to which places; it always changes something."""
    chance = Random(f"step {step}")
    places = sorted(state)
    kinds = ["insert", "frame"] if len(places) < 20 else ["update", "delete", "join"]
    kinds += ["insert", "frame", "update"] if 20 <= len(places) < MOST else []
    kind = chance.choice(kinds)
    if kind in ("insert", "frame"):
        return kind, [step * 1000 + place for place in range(chance.randint(1, 60))]
    return kind, chance.sample(places, chance.randint(1, len(places) // 2))


def after(step: int, state: State) -> State:
    """Return the documents after a step."""
    kind, places = edits(step, state)
    if kind == "delete":
        return {place: value for place, value in state.items() if place not in set(places)}
    return {**state, **dict.fromkeys(places, step)}


def do(db: Any, step: int, state: State) -> None:
    kind, places = edits(step, state)
    given = "SELECT unnest($places) AS place"
    match kind:
        case "insert":
            text = f"INSERT INTO items BY NAME SELECT place, {SELECTED} FROM ({given})"
            changed = db.sql(text, places=places, value=step).rowcount
        case "frame":
            changed = db.table("items").insert(pd.DataFrame([document(place, step) for place in places]))
        case "delete":
            changed = db.sql(f"DELETE FROM items WHERE place IN ({given})", places=places).rowcount
        case "update":
            changed = db.sql(f"{UPDATE} WHERE place IN ({given})", places=places, value=step).rowcount
        case _:
            frame = pd.DataFrame({"place": places})
            text = f"{UPDATE} FROM chosen WHERE items.place = chosen.place"
            changed = db.sql(text, chosen=frame, value=step).rowcount
    assert changed == len(places), (kind, changed, len(places))


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())  # one write, so lines of several threads never mix


def main(path: str, first: int) -> None:
    faulthandler.dump_traceback_later(WATCHDOG_SECONDS, exit=True)
    db = rnb.connect(path)
    if "items" not in db.tables():
        db.define(items=TABLE)
    say("open")
    written = threading.Semaphore(0)

    def fold_for_ever() -> None:
        chance = Random(first)
        while True:
            for _ in range(chance.randint(1, 8)):
                written.acquire()
            db.fold()
            say("folded")

    threading.Thread(target=fold_for_ever, daemon=True).start()
    state: State = {each["place"]: each["value"] for each in db.read(lambda ctx: ctx.db.query("items").collect())}
    step = first
    while True:
        step += 1
        do(db, step, state)
        say(str(step))
        state = after(step, state)
        written.release()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
