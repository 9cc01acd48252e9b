"""A process that writes for ever to the database named on its command line, for `test_crash.py` to kill.

It says each thing on a line once it is done: `1 7` when writer 1 was told that its step 7 is committed, `declared 3`
when the third declaration is. `opening`, `open`, `folding`, `folded` say where it is. What a step does is a pure
function of writer, step and the documents before it (`edits`), so whoever reads the database can tell from the
number of a writer's last step what all of its documents must be.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
from random import Random
from typing import Any

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import folder

State = dict[int, int]
"""The documents of one writer: place → value. At place 0 stands the number of its last step."""

DECLARATIONS = 3  # how many different ones take turns
FOLD_AFTER_CHANGES = 150  # in half of the processes; in the others, only the folds they ask for
STEPS_BETWEEN_FOLDS = 120
WATCHDOG_SECONDS = 60


def edits(writer: int, step: int, state: State) -> dict[int, int | None]:
    """Return what a step writes: place → new value, or None for a delete. It always writes place 0."""
    chance = Random(f"writer {writer}, step {step}")
    places = sorted(state.keys() - {0})
    match chance.choice("iipd" if len(places) < 60 else "pdd"):
        case "i":
            changed: dict[int, int | None] = {step * 10 + i: step for i in range(1, chance.randint(2, 4))}
        case "p":
            changed = dict.fromkeys(chance.sample(places, min(4, len(places))), step)
        case _:
            changed = dict.fromkeys(chance.sample(places, min(6, len(places))))
    return {0: step, **changed}


def text(step: int) -> str:
    """Return a text that differs between steps and now and then fills several pages."""
    return f"{step} " * (3000 if step % 20 == 0 else 3)


def declaration(number: int) -> rnb.Table:
    """Return declaration `number`; its second index says which of the `DECLARATIONS` it is."""
    fields = {"writer": v.int64(), "place": v.int64(), "value": v.int64(), "text": v.string()}
    table = rnb.table(**fields).index("by_place", "writer", "place", unique=True)
    return table.index(f"by_value_{number % DECLARATIONS}", "value")


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())  # one write, so lines of several threads never mix


def step(ctx: Any, writer: int, number: int) -> None:
    documents = {each["place"]: each for each in ctx.db.query("items").with_index("by_place", writer=writer)}
    state = {place: each["value"] for place, each in documents.items()}
    assert state.get(0, 0) == number - 1
    for place, value in edits(writer, number, state).items():
        if value is None:
            ctx.db.delete(documents[place]["_id"])
        elif place in documents:
            ctx.db.patch(documents[place]["_id"], {"value": value, "text": text(value)})
        else:
            ctx.db.insert("items", {"writer": writer, "place": place, "value": value, "text": text(value)})


def last_step(ctx: Any, writer: int) -> int:
    found = ctx.db.query("items").with_index("by_place", writer=writer, place=0).first()
    return 0 if found is None else found["value"]


def main(path: str, writers: int, seed: int) -> None:
    faulthandler.dump_traceback_later(WATCHDOG_SECONDS, exit=True)  # a deadlock ends it, and says where
    chance = Random(seed)
    if chance.random() < 0.5:
        folder.FOLD_AFTER_CHANGES = FOLD_AFTER_CHANGES
    say("opening")
    db = rnb.connect(path)
    say("open")
    db.mutation(step)
    if "items" not in db.tables():
        db.define(items=declaration(0))
        say("declared 0")

    written = threading.Semaphore(0)

    def write_for_ever(writer: int) -> None:
        number = db.read(lambda ctx: last_step(ctx, writer))
        while True:
            number += 1
            db.run("step", writer=writer, number=number)
            say(f"{writer} {number}")
            written.release()

    for writer in range(writers):
        threading.Thread(target=write_for_ever, args=(writer,), daemon=True).start()
    while True:
        for _ in range(chance.randint(1, STEPS_BETWEEN_FOLDS)):
            written.acquire()
        if chance.random() < 0.5:
            (index,) = (each.name for each in db.tables()["items"].indexes if each.name != "by_place")
            number = int(index.rpartition("_")[2]) + 1
            db.define(items=declaration(number))
            say(f"declared {number % DECLARATIONS}")
        say("folding")
        db.fold()
        say("folded")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
