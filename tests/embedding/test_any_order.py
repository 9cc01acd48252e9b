"""Whatever happens in whatever order, in the end every vector is that of its text; no upkeep computes a text twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.embedding.cache import PROBE
from reactive_nb.engine import Engine
from reactive_nb.log.memory import MemoryLog
from reactive_nb.notebook.surface import NotebookSurface
from reactive_nb.testing import FakeClock, IdSource
from tests.embedding.models import FakeModel, patch, vector_of

TEXTS = st.sampled_from(["", "a", "b", "c", "d", None, 7])


class LastingLog(MemoryLog):
    """A log that outlives its databases, as one in a file does; and is faster."""

    def close(self) -> None:
        self._followers.clear()


class Upkeeps(RuleBasedStateMachine):
    """Edits, restarts and failures, with the background at it all the time."""

    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.log = LastingLog()
        self.clock = FakeClock()
        self.source = IdSource(self.clock, seed=1)  # one for all that are opened, or ids would come again
        self.model = FakeModel()
        self.db: Engine = self.open()
        self.db.define(papers=rnb.table(title=v.any(), embedding=v.optional(v.vector(4))).index("by_title", "title"))
        self.titles: dict[str, object] = {}
        self.begun = 0  # upkeeps
        self.keep(3)

    def open(self) -> Engine:
        return Engine(None, NotebookSurface(), clock=self.clock, ids=self.source, log=self.log)

    @rule(batch=st.integers(1, 5))
    def keep(self, batch: int) -> None:
        self.begun += 1
        self.upkeep = self.model.embedding(batch).keep(self.db, "papers", text="title", into="embedding")

    @rule(target=ids, titles=st.lists(TEXTS, min_size=1, max_size=6))
    def insert(self, titles: list[object]) -> object:
        inserted = self.db.write(lambda ctx: [ctx.db.insert("papers", {"title": title}) for title in titles])
        self.titles.update(zip(inserted, titles, strict=True))
        return multiple(*inserted)

    @rule(id=ids, title=TEXTS)
    def edit(self, id: str, title: object) -> None:
        patch(self.db, id, title=title)
        self.titles[id] = title

    @rule(id=ids, vector=st.sampled_from([rnb.UNSET, vector_of("a"), vector_of("x")]))
    def overwrite(self, id: str, vector: object) -> None:
        patch(self.db, id, embedding=vector)

    @rule(id=consumes(ids))
    def delete(self, id: str) -> None:
        self.db.write(lambda ctx: ctx.db.delete(id))
        del self.titles[id]

    @rule(fails=st.booleans(), refused=st.sets(st.sampled_from("abcd"), max_size=1))
    def fail(self, fails: bool, refused: set[str]) -> None:
        self.model.failure = ValueError("no model") if fails else None
        self.model.refused = refused

    @rule(seconds=st.sampled_from([1, 5, 70]))
    def wait(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    @rule()
    def settle(self) -> None:
        self.db.settle()

    @rule()
    def retry(self) -> None:
        self.upkeep.retry()

    @rule()
    def reopen(self) -> None:
        self.db.close()
        self.db = self.open()
        self.keep(3)

    @rule()
    def look(self) -> None:
        """Everything is right once nothing fails and everything had its time."""
        with self.sound_model():
            self.upkeep.retry()
            self.upkeep.wait(timedelta(seconds=30))
            found = self.db.read(lambda ctx: ctx.db.query("papers").collect())
            assert {each["_id"]: each["title"] for each in found} == self.titles
            for each in found:
                vector = each.get("embedding")
                expected = vector_of(each["title"]).tolist() if isinstance(each["title"], str) else None
                assert (None if vector is None else vector.tolist()) == expected
            assert (self.upkeep.pending, self.upkeep.error) == (0, None)
            commits = self.db.ts
            self.db.settle()
            assert self.db.ts == commits  # and it stays at rest

    @contextmanager
    def sound_model(self) -> Iterator[None]:
        before = self.model.failure, self.model.refused
        self.model.failure, self.model.refused = None, set()
        self.db.settle()  # what was about to fail has failed
        yield
        self.model.failure, self.model.refused = before

    @invariant()
    def the_account_is_in_order(self) -> None:
        with self.upkeep._lock:
            self.upkeep._to_do.check()

    def teardown(self) -> None:
        self.look()
        self.db.check()
        # Each upkeep may end with a batch at the model, whose vectors nobody takes.
        again = {text: times for text, times in self.model.returned.items() if times > self.begun and text != PROBE}
        assert again == {}
        self.db.close()


@pytest.mark.slow
class TestUpkeeps(Upkeeps.TestCase):
    """Runs the machine."""

    settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
