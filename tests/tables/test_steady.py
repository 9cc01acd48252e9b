"""Whether a result may be used again."""

from __future__ import annotations

import duckdb
import pytest

from reactive_nb.tables.statement import parse
from reactive_nb.tables.steady import is_steady


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM flights WHERE n = $n", True),
        ("FROM main.FLIGHTS", True),
        ("FROM flights, range(3)", True),
        ("SELECT unnest([1, 2])", True),
        (
            "SELECT n + 1, row_number() OVER (), sum(n), cast(n AS VARCHAR), date_trunc('day', \"at\") FROM flights",
            True,
        ),
        ("WITH f AS (FROM flights) SELECT count(*) FROM f", True),
        ("SELECT [n, 1][1], {'a': n}.a, CASE WHEN n IN (1, 2) THEN 1 END FROM flights", True),
        ("VALUES (1)", True),
        ("SUMMARIZE flights", True),
        ("SELECT random() AS x FROM flights", False),
        ("SELECT max(x) FROM (SELECT random() AS x FROM flights)", False),
        ("FROM flights WHERE now() > '2020-01-01'", False),
        ("SELECT current_date AS d", False),
        ("SELECT CURRENT_TIMESTAMP AS t", False),
        ("SELECT today() AS t", False),
        ("SELECT uuid() AS u", False),
        ("SELECT nextval('s') AS s", False),
        ("SELECT getvariable('x') AS x", False),
        ("FROM flights USING SAMPLE 1", False),
        ("FROM flights TABLESAMPLE 10%", False),
        ("FROM 'x.parquet'", False),
        ("FROM read_csv('x.csv')", False),
        ("FROM glob('*.csv')", False),
        ("FROM a_view", False),
        ("FROM main.flights", True),
        ("FROM memory.main.flights", True),
        ("FROM other.flights", False),
        ("SELECT age(n) AS a FROM flights", False),
        ("SELECT age(n, n) AS a FROM flights", True),
        ("SELECT current_localtime() AS t", False),
        ("SELECT current_localtimestamp() AS t", False),
        ("SELECT a_macro() AS x FROM flights", False),
        ("FROM query('SELECT random() AS x')", False),
        ("PIVOT flights ON n USING count(*)", False),
        ("EXPLAIN FROM flights", False),
    ],
)
def test_it_is_steady_when_it_follows_from_our_tables(text: str, expected: bool) -> None:
    with duckdb.connect() as connection:
        assert is_steady(connection, parse(text), ["flights"]) is expected
