"""What DuckDB says of SQL that it refuses, and what to do about it."""

from __future__ import annotations

import duckdb
import pytest

from reactive_nb.errors import SqlError
from reactive_nb.tables.sql_failure import failed


def failure(text: str, *tables: str) -> SqlError:
    with duckdb.connect() as connection:
        connection.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false")
        connection.execute('CREATE TABLE flights (origin VARCHAR, "at" INT, "by" INT, o STRUCT(a INT))')
        with pytest.raises(duckdb.Error) as said:
            connection.execute(text).fetchall()
    return failed(text, said.value, tables)


def test_it_comes_without_the_picture_and_with_the_advice_of_duckdb() -> None:
    assert str(failure("EXPLAIN SELECT orign FROM flights")) == (
        "Cannot run the SQL: DuckDB says 'Binder Error: Referenced column \"orign\" not found in FROM clause'. "
        "Expected SQL of DuckDB over the tables of this database. "
        'Correct the statement: Candidate bindings: "origin", "o".'
    )


def test_functions_that_take_other_types_are_named() -> None:
    hint = failure("SELECT sum(origin) FROM flights").hint

    assert hint.startswith("Correct the statement: DuckDB has sum(")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("SELECT at FROM flights", "at"),
        ("SELECT origin, at, origin FROM flights", "at"),
        ("SELECT count(*) FROM flights WHERE at > 1 AND origin = 'ü'", "at"),
        ("SELECT /* ü */ 'ü', by FROM flights", "by"),
        ("INSERT INTO flights (origin, at) VALUES ('a', 1)", "at"),
        ("SELECT at FROM flights ORDER BY at", "at"),
        ("FROM order", "order"),
        ("SELECT * FROM order ORDER BY 1", "order"),
    ],
)
def test_a_word_of_sql_that_is_meant_as_a_name_is_to_be_quoted(text: str, word: str) -> None:
    assert failure(text).hint == (
        f'Correct the statement; where {word} is a name, write "{word}", for it is a word of SQL'
    )


@pytest.mark.parametrize("text", ["SELEC 1", "SELECT a b c FROM flights", "SELECT at, by FROM flights", "SELECT ("])
def test_of_other_syntax_errors_nothing_is_guessed(text: str) -> None:
    assert failure(text).hint == "Correct the statement"


@pytest.mark.parametrize(
    ("text", "expected", "hint"),
    [
        (
            "FROM carriers",
            "a table of this database (flights), or a frame that is given by its name",
            "Correct the name, or pass a data frame as carriers=frame (%rsql takes a variable carriers)",
        ),
        (
            "FROM flight",
            "a table of this database (flights), or a frame that is given by its name",
            "Write flights, or pass a data frame as flight=frame (%rsql takes a variable flight)",
        ),
        (
            "FROM _storage",
            "a table of this database (flights), or a frame that is given by its name",
            "Correct the name; a system table is there as soon as _storage would hold something",
        ),
        ('FROM "two words"', None, "Correct the name"),
    ],
)
def test_of_a_missing_table_it_says_which_there_are_and_how_a_frame_gets_a_name(
    text: str, expected: str | None, hint: str
) -> None:
    error = failure(text, "flights", "_tables")

    assert expected in (error.expected, None)
    assert error.hint == hint


def test_without_tables_there_are_none_and_of_many_some_are_named() -> None:
    assert "(there is none yet)" in failure("FROM carriers").expected
    assert "t10, t11, …)" in failure("FROM carriers", *(f"t{number:02}" for number in range(30))).expected


def test_a_list_stands_after_in_without_parentheses() -> None:
    with duckdb.connect() as connection, pytest.raises(duckdb.Error) as said:
        connection.execute("SELECT 'a' IN ($codes)", {"codes": ["a", "b"]}).fetchall()

    assert failed("SELECT 'a' in ( $codes )", said.value).hint == "Write IN $codes, without parentheses, for a list"


def test_a_part_of_a_struct_is_changed_by_a_function() -> None:
    assert "o = struct_update(o, a := 1)" in failure("UPDATE flights SET o.a = 1").hint
