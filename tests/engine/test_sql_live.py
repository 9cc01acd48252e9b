"""Live SQL: what it follows, which results share a query, and who need not wait for it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import traitlets

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine.engine import Engine
from reactive_nb.engine.roster import ROSTER
from reactive_nb.errors import SqlError
from tests.conftest import Connect
from tests.engine.departures import MEANS, declare, insert

LONG = "SELECT count(*) AS n FROM range(1000000) a, range(1000000) b WHERE a.range * b.range % 7 = 3"
COUNT = "SELECT count(*) AS n FROM flights"
GROWS = LONG.replace("range(1000000) a", "range((SELECT count(*) - 3 FROM flights) * 1000000) a")
"""At once over three flights, and for as long as anybody lets it run over more."""


@pytest.fixture(params=["memory", "file"])
def db(request: pytest.FixtureRequest, connect: Connect, tmp_path: Path) -> Engine:
    """A database with three flights, in memory and in a file."""
    return declare(connect(None if request.param == "memory" else tmp_path / "x.duckdb"))


def test_a_live_frame_is_kept_true(db: Engine) -> None:
    live = db.sql(MEANS).live()
    assert live.value.to_dict("records")[0] == {"origin": "EWR", "n": 2, "delay": 17.5}
    assert live.df is live.value

    insert(db, delay=1)
    db.settle()

    assert live.value["origin"].tolist() == ["EWR", "JFK", "LGA"]
    assert live.ts == db.ts
    live.close()


def test_only_the_live_frames_that_read_a_table_run_again(db: Engine) -> None:
    db.define(notes=rnb.table(text=v.string()))
    flights = db.sql(MEANS).live()
    notes = db.sql("SELECT count(*) AS n FROM notes").live()

    insert(db)
    db.settle()

    assert (flights.runs, notes.runs) == (2, 1)
    assert "within the range flights.by_creation_time[all] that it had read" in str(flights.why())
    for live in (flights, notes):
        live.close()


def test_an_equal_frame_is_not_announced(db: Engine) -> None:
    live = db.sql("SELECT origin, delay, [origin] AS list FROM flights WHERE origin = 'EWR' ORDER BY delay").live()
    heard: list[Any] = []
    live.observe(heard.append, "value")
    before = live.value

    insert(db, origin="SFO")
    db.settle()

    assert (live.runs, heard, live.value is before) == (2, [], True)
    live.close()


def test_the_same_text_with_the_same_values_is_one_query(db: Engine) -> None:
    lives = [db.sql("FROM flights WHERE origin = $o", o=o).live() for o in ("EWR", "EWR", "JFK")]

    assert [len(live.value) for live in lives] == [2, 2, 1]
    assert len(db.subscriptions()) == 2
    assert lives[0].path == "SQL FROM flights WHERE origin = $o"
    for live in lives:
        live.close()


def test_long_texts_that_begin_alike_are_different_queries(db: Engine) -> None:
    long = "SELECT count(*) AS the_number_of_all_flights_that_leave_from, $n AS n FROM flights WHERE origin = "
    lives = [db.sql(f"{long}'{origin}'", n=1).live() for origin in ("EWR", "JFK")]

    assert [live.value.iloc[0, 0] for live in lives] == [2, 1]
    assert lives[1].path.startswith("SQL 2 SELECT count(*)")
    for live in lives:
        live.close()


def test_parameters_may_be_widgets(db: Engine) -> None:
    class Choice(traitlets.HasTraits):
        value = traitlets.Unicode("EWR")

    choice = Choice()
    live = db.sql("SELECT origin FROM flights WHERE origin = $o", o=(choice, "value")).live()
    assert live.value["origin"].tolist() == ["EWR", "EWR"]

    choice.value = "JFK"
    db.settle()

    assert live.value["origin"].tolist() == ["JFK"]
    live.close()


def test_live_with_a_frame(db: Engine) -> None:
    carriers = pd.DataFrame({"carrier": ["UA"], "name": ["United"]})
    live = db.sql("SELECT name FROM flights JOIN carriers USING (carrier)", carriers=carriers).live()
    assert live.value["name"].tolist() == ["United"] * 2

    insert(db, carrier="UA")
    db.settle()

    assert live.value["name"].tolist() == ["United"] * 3
    live.close()


def test_the_same_text_with_other_frames_is_another_query(db: Engine) -> None:
    text = "SELECT name, count(*) AS n FROM flights JOIN carriers USING (carrier) GROUP BY name"
    frames = [pd.DataFrame({"carrier": ["UA"], "name": [name]}) for name in ("United", "Continental")]
    lives = [db.sql(text, carriers=frame).live() for frame in frames]

    insert(db, carrier="UA")
    db.settle()

    assert [live.value.to_dict("records") for live in lives] == [
        [{"name": "United", "n": 3}],
        [{"name": "Continental", "n": 3}],
    ]
    for live in lives:
        live.close()


def test_which_tables_there_are_is_followed_too(db: Engine) -> None:
    live = db.sql("SHOW TABLES").live()
    assert "notes" not in live.value["name"].tolist()

    db.define(notes=rnb.table(text=v.string()))
    db.settle()
    assert "notes" in live.value["name"].tolist()

    db.drop("notes")
    db.settle()
    assert "notes" not in live.value["name"].tolist()
    live.close()


def test_parameters_of_live_sql_may_be_what_only_sql_has(db: Engine) -> None:
    text = "SELECT $day AS day, count(*) AS n FROM flights WHERE origin IN $origins"
    lives = [db.sql(text, day=date(2013, 1, day), origins=np.array(["EWR"])).live() for day in (1, 2)]

    insert(db, origin="EWR")
    db.settle()

    assert [live.value["day"][0].day for live in lives] == [1, 2]
    assert [live.value["n"][0] for live in lives] == [3, 3]
    for live in lives:
        live.close()


def test_a_live_frame_recovers_when_its_table_comes(db: Engine) -> None:
    live = db.sql("SELECT count(*) AS n FROM notes").live()
    assert isinstance(live.error, SqlError)

    db.define(notes=rnb.table(text=v.string()))
    db.settle()

    assert live.value["n"].tolist() == [0]
    live.close()


def test_results_shown_together_are_of_one_commit(db: Engine) -> None:
    sql = db.sql("SELECT count(*) AS n FROM flights").live()

    @db.query
    def count(ctx: Any) -> int:
        return len(ctx.db.query("flights").collect())

    python = count.live()
    seen: list[tuple[int, int]] = []
    end = db.on_transition(lambda moment: seen.append((int(sql.value["n"][0]), python.value)))
    for n in range(20):
        insert(db, delay=n)
    db.settle()
    end()

    assert seen[-1] == (23, 23)
    assert all(a == b for a, b in seen)
    sql.close()
    python.close()


# ------------------------------------------------------------------ SQL that takes long


def when_running(db: Engine, do: Callable[[], object]) -> threading.Thread:
    """Do something on another thread once DuckDB is at work."""

    def wait() -> None:
        wait_until_running(db)
        do()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def wait_until_running(db: Engine) -> None:
    """Return when the SQL that takes long has a cursor."""
    while (current := db._refresher._current) is None or current.key[0] == f"SQL {COUNT}" or not db._sql._jobs():
        threading.Event().wait(0.001)


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@contextlib.contextmanager
def long_refresh(db: Engine) -> Iterator[Any]:
    """A live result whose refresh, which has begun, nobody will see the end of."""
    live = db.sql(GROWS).live()
    insert(db)
    wait_until_running(db)
    yield live
    live.close()


@pytest.mark.slow
def test_ctrl_c_in_the_wait_for_the_first_result_ends_its_sql_and_no_other(db: Engine) -> None:
    other = db.sql(COUNT).live()
    thread = when_running(db, interrupt)

    with pytest.raises(KeyboardInterrupt):
        db.sql(LONG).live()
    thread.join()

    insert(db)
    db.settle()
    assert other.value["n"].tolist() == [4]
    assert [each.call for each in db.subscriptions()] == [f"SQL {COUNT}()"]
    db.check()
    other.close()


@pytest.mark.slow
def test_sql_that_another_live_result_waits_for_too_goes_on(db: Engine) -> None:
    with long_refresh(db) as live:
        other: list[Any] = []
        waiting = threading.Thread(target=lambda: other.append(db.sql(GROWS).live()))
        waiting.start()
        while db.subscriptions()[0].holders < 2:
            threading.Event().wait(0.001)
        live.close()
        assert db.subscriptions()[0].holders == 1
        assert len(db._sql._jobs()) == 1
        assert waiting.is_alive()
        db.close()
        waiting.join()

    assert other[0].state == "closed"


@pytest.mark.slow
@pytest.mark.parametrize("how", ["closed", "dropped", "moved"])
def test_the_sql_of_a_live_result_that_nobody_waits_for_any_more_ends(db: Engine, how: str) -> None:
    class Choice(traitlets.HasTraits):
        value = traitlets.Int(0)

    other, choice = db.sql(COUNT).live(), Choice()
    live = db.sql(GROWS.replace("- 3", "- 3 + $more"), more=(choice, "value")).live()
    insert(db)
    wait_until_running(db)

    if how == "closed":
        live.close()
    elif how == "dropped":
        del live
    else:
        choice.value = -1
    db.settle()

    assert other.value["n"].tolist() == [4]
    assert db._sql._jobs() == []
    if how == "moved":
        assert live.value["n"].tolist() == [0]
        live.close()
    db.check()
    other.close()


@pytest.mark.slow
def test_a_query_that_nobody_waits_for_begins_no_more_sql(db: Engine) -> None:
    came: list[Any] = []

    @db.query
    def twice(ctx: Any) -> Any:
        text = GROWS if len(came) else COUNT
        for _ in range(2):
            try:
                came.append(ctx.sql(text).rows())
            except SqlError as error:
                came.append(str(error))
        return len(came)

    live = twice.live()
    insert(db)
    wait_until_running(db)
    live.close()
    db.settle()

    refused = (
        "Cannot run the SQL: nobody waits for its result any more. Expected a live result that is open. "
        "Make it live again where its result is wanted."
    )
    assert came[2:] == [refused, refused]


@pytest.mark.slow
def test_a_close_waits_for_no_sql_of_a_live_result(db: Engine) -> None:
    heard: list[Any] = []
    quick = db.sql(COUNT).live()
    with long_refresh(db) as live:
        live.observe(heard.append, ["value", "error"])
        quick.observe(heard.append, ["value", "error"])
        db.close()

    assert (live.state, live.error, live.value["n"].tolist()) == ("closed", None, [0])
    assert [run.error for run in live.history] == [None]
    assert (quick.state, quick.error, quick.value["n"].tolist()) == ("closed", None, [3])
    assert quick.ts == live.ts
    assert heard == []
    assert db not in ROSTER.engines()


@pytest.mark.slow
def test_a_close_waits_for_no_first_result(db: Engine) -> None:
    came: list[Any] = []
    waiting = threading.Thread(target=lambda: came.append(db.sql(LONG).live()))
    waiting.start()
    wait_until_running(db)
    db.close()
    waiting.join()

    assert (came[0].state, came[0].value) == ("closed", None)
