"""A statement taken apart: its verb, its table, and the parts that its capture needs."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from reactive_nb.errors import SqlError
from reactive_nb.tables.change_text import Verb, take_apart
from reactive_nb.tables.statement import parse


@dataclass(frozen=True)
class Case:
    text: str
    verb: Verb
    target: str
    name: str
    body: str | None = None
    returning: str | None = None


CASES = [
    Case("insert into t values (1)", Verb.INSERT, "t", "t"),
    Case("INSERT INTO main.t BY NAME FROM x RETURNING *", Verb.INSERT, "main.t", "t", "INSERT INTO main.t BY NAME FROM x ", " *"),
    Case("insert into t as q (a) values (1) returning t.a", Verb.INSERT, "t", "t", "insert into t as q (a) values (1) ", " t.a"),
    Case("update t set a = 1", Verb.UPDATE, "t", "t"),
    Case("update t q set a = 1", Verb.UPDATE, "t", "q"),
    Case('update "my t" as "q r" set a = 1', Verb.UPDATE, '"my t"', '"q r"'),
    Case('update "é"."main" . "é" set a = \'é\' returning "é"', Verb.UPDATE, '"é"."main" . "é"', '"é"', None, ' "é"'),
    Case("delete from t", Verb.DELETE, "t", "t"),
    Case("delete from t where a = 'returning'", Verb.DELETE, "t", "t", "delete from t where a = 'returning'"),
    Case("delete from t q using s where q.a = s.a", Verb.DELETE, "t", "q"),
    Case("delete from t using s", Verb.DELETE, "t", "t"),
    Case("insert into t select 1 from s join r on conflict = s.a", Verb.INSERT, "t", "t"),
    Case("insert into t select 1 from s join r on conflict returning a", Verb.INSERT, "t", "t", None, " a"),
    Case("truncate t", Verb.DELETE, "t", "t", "DELETE FROM t"),
    Case("/* x */ truncate table main.t ;", Verb.DELETE, "main.t", "t", "DELETE FROM main.t"),
    Case("with d as (select 1 returning_not) delete from t -- returning\n where true;", Verb.DELETE, "t", "t"),
    Case("with update as (select 1 a), delete(b) as (select 2) update t set a = 1", Verb.UPDATE, "t", "t"),
    Case("with x as (delete from s returning a) insert into t from x", Verb.INSERT, "t", "t"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_a_statement_has_a_verb_a_table_and_the_rest(case: Case) -> None:
    found = take_apart(parse(case.text))

    assert (found.verb, found.target, found.name) == (case.verb, case.target, case.name)
    assert found.returning == case.returning
    assert case.body in (None, found.body)


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("update t set a = 1", "update t set m = 1,  a = 1"),
        ("update é as q set(a, b) = (1, 2) returning a", "update é as q set m = 1, (a, b) = (1, 2) "),
        (
            "with s as (select 1) update t set a = (select 2)",
            "with s as (select 1) update t set m = 1,  a = (select 2)",
        ),
        ("update t -- set\n set a = 1", "update t -- set\n set m = 1,  a = 1"),
    ],
)
def test_an_update_takes_one_more_assignment(text: str, marked: str) -> None:
    assert take_apart(parse(text)).with_assignment("m = 1") == marked


@pytest.mark.parametrize(
    "text",
    [
        "insert or replace into t values (1)",
        "insert or ignore into t values (1)",
        "insert into t values (1) on conflict do nothing",
        "insert into t select 1 ON CONFLICT (a) DO UPDATE SET a = excluded.a",
    ],
)
def test_an_insert_says_nothing_of_conflicts(text: str) -> None:
    with pytest.raises(SqlError, match=r"what to do on a conflict of keys\. Expected a plain insert\. Write an update"):
        take_apart(parse(text))
