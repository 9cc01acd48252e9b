"""A notebook's morning with SQL: a live frame, a query that uses SQL, a frame and a file beside the documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import reactive_nb as rnb
from reactive_nb import v
from tests.conftest import Connect


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_live_sql_functions_and_the_past_follow_one_story(connect: Connect, tmp_path: Path, kind: str) -> None:
    db = connect(None if kind == "memory" else tmp_path / "flights.duckdb")
    db.define(
        flights=rnb.table(carrier=v.string(), origin=v.string(), delay=v.optional(v.number()), at=v.datetime()).index(
            "by_origin", "origin", "at"
        )
    )
    times = pd.to_datetime(["2013-01-01 10:00", "2013-01-01 11:00", "2013-01-02 10:00"], utc=True)

    @db.mutation
    def add(ctx: Any, carrier: str, origin: str, delay: float | None, at: Any) -> None:
        given = {} if delay is None else {"delay": delay}
        ctx.db.insert("flights", {"carrier": carrier, "origin": origin, "at": at, **given})

    for carrier, origin, delay, at in [
        ("UA", "EWR", 2.0, times[0]),
        ("AA", "JFK", None, times[1]),
        ("UA", "EWR", 33.0, times[2]),
    ]:
        add(carrier=carrier, origin=origin, delay=delay, at=at)

    means = "select origin, count(*) n, avg(delay) delay from flights group by origin order by origin"
    live = db.sql(means).live()
    assert live.value.to_dict("records")[0] == {"origin": "EWR", "n": 2, "delay": 17.5}
    before = db.ts

    @db.mutation
    def forgive(ctx: Any, carrier: str) -> int:
        late = ctx.sql("select _id from flights where carrier = $carrier", carrier=carrier).rows()
        for each in late:
            ctx.db.patch(each["_id"], {"delay": 0})
        return len(late)

    assert forgive(carrier="UA") == 2
    db.settle()
    assert live.value["delay"].tolist()[0] == 0.0

    joined = db.sql(
        "select f.carrier, c.name from flights f join carriers c using (carrier)",
        carriers=pd.DataFrame({"carrier": ["UA"], "name": ["United"]}),
    )
    assert len(joined.df()) == 2

    @db.query
    def worst(ctx: Any, origin: str) -> Any:
        return ctx.sql("select carrier, max(delay) delay from flights where origin = $o group by 1", o=origin).rows()

    assert worst(origin="EWR") == [{"carrier": "UA", "delay": 0.0}]
    assert db.at(before).run(worst, origin="EWR") == [{"carrier": "UA", "delay": 33.0}]
    assert db.at(before).sql(means).df()["delay"].tolist()[0] == 17.5
    live.close()
