"""Ctrl-C at any point of what a cell does with an embedding leaves it whole, and the database can be closed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]

EVERYWHERE = """
import faulthandler, logging, signal, sys, threading
from datetime import timedelta
import reactive_nb as rnb
from reactive_nb.embedding.embedding import embed
from tests.embedding.models import FakeModel, vector_in, wanted

faulthandler.dump_traceback_later(100, exit=True)
logging.disable()
db = rnb.connect()
db.define(papers=rnb.table())
model = FakeModel()
embedding = model.embedding()
fields = {"text": "title", "into": "embedding"}
upkeep = embedding.keep(db, "papers", **fields)

class Pressed:
    def __init__(self, at):
        self.at, self.points = at, 0
    def __call__(self, frame, event, arg):
        if event in ("call", "c_return"):
            self.points += 1
            if self.points == self.at:
                signal.raise_signal(signal.SIGINT)

def interrupted(operation, at):
    pressed = Pressed(at)
    sys.setprofile(pressed)
    try:
        operation()
    except KeyboardInterrupt:
        pass
    finally:
        sys.setprofile(None)
    return pressed.points

number = 0
def insert():
    global number
    number += 1
    return db.write(lambda ctx: ctx.db.insert("papers", {"title": str(number)}))

def write_and_wait():
    insert()
    embedding.keep(db, "papers", **fields).wait()

def keep_and_close():
    embedding.keep(db, "papers", **fields).close()

def ask():
    global number
    number += 1
    embedding(str(number))

done = 0
for operation in (write_and_wait, keep_and_close, ask, upkeep.retry, lambda: repr(upkeep)):
    for _ in range(3):
        count = interrupted(operation, 1 << 60)
    for at in range(1, count + 1):
        interrupted(operation, at)
        done += 1
        if at % 20 == 0:
            id = insert()
            embedding.keep(db, "papers", **fields).wait(timedelta(seconds=60))
            assert vector_in(db, id) == wanted(str(number))
embedding.keep(db, "papers", **fields).wait(timedelta(seconds=60))
found = db.read(lambda ctx: ctx.db.query("papers").collect())
assert all(each["embedding"].tolist() == wanted(each["title"]) for each in found)
closing = threading.Thread(target=db.close)
closing.start()
closing.join(60)
assert not closing.is_alive()
print("whole" if done > 300 else f"only {done} points")
"""


@pytest.mark.slow
def test_ctrl_c_at_any_point_leaves_everything_whole() -> None:
    command = [sys.executable, "-c", EVERYWHERE]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode == 0, done.stderr
    assert done.stdout == "whole\n"
