"""Which tables a text names, as far as one can tell without asking DuckDB."""

from __future__ import annotations

import pytest

from reactive_nb.notebook.sql_words import read_words


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("select a from t", {"t": "t"}),
        ("FROM t", {"t": "t"}),
        ("select 1", {}),
        ("select a from t x, u as y join main.w z on z.a = y.b, p", {"x": "t", "y": "u", "z": "w", "p": "p"}),
        ("select a, b from t join u using (a, c) where a in (select c, d from v)", {"t": "t", "u": "u", "v": "v"}),
        ("select a from (select b from t) s, (u join w on true)", {"t": "t", "u": "u", "w": "w"}),
        ("with c as (from t) select * from c left join u using (a)", {"t": "t", "c": "c", "u": "u"}),
        ('from "two words" w', {"w": "two words"}),
        ("from range(3) r, t", {"t": "t"}),
        ("select extract(year from day), count(*) from t", {"t": "t"}),
        ("select a is distinct from b from t", {"t": "t"}),
        ("select 'from u', $x, $$ from u $$ from t -- from u\n, v /* from u */", {"t": "t", "v": "v"}),
        ("select a from t order by a, b union select c, d from u", {"t": "t", "u": "u"}),
        ("insert into t (a, b) select a, b from u", {"t": "t", "u": "u"}),
        ("insert into t by name from u returning a, b", {"t": "t", "u": "u"}),
        ("update t set a = u.a, b = 1 from u where t.x = u.x", {"t": "t", "u": "u"}),
        ("delete from t using u where t.a = u.a", {"t": "t", "u": "u"}),
        ("pivot t on a using sum(b)", {"t": "t"}),
        ("summarize t", {"t": "t"}),
        ("explain select * from t", {"t": "t"}),
        ("select (a, b), [c, d] from t", {"t": "t"}),
        ("from )", {}),
    ],
)
def test_tables_are_named_with_their_other_names(text: str, named: dict[str, str]) -> None:
    assert {each.alias: each.name for each in read_words(text).tables} == named


@pytest.mark.parametrize(
    ("text", "expects", "is_open"),
    [
        ("select ", False, False),
        ("select a from ", True, False),
        ("select a from t, ", True, False),
        ("select a from t where ", False, False),
        ("select a, b, ", False, False),
        ("select a from t join ", True, False),
        ("select a from t join u on ", False, False),
        ("update ", True, False),
        ("insert into ", True, False),
        ("insert into t (", False, False),
        ("select a from t where b in (from ", True, False),
        ("select 'from ", False, True),
        ("select 1 -- from ", False, True),
        ("select /* from ", False, True),
        ("", False, False),
    ],
)
def test_the_end_of_a_text_says_what_comes_next(text: str, expects: bool, is_open: bool) -> None:
    words = read_words(text)

    assert (words.expects_table and not words.is_open, words.is_open) == (expects, is_open)


def test_the_target_of_a_change_is_not_read_and_a_name_may_be_qualified() -> None:
    into, qualified, plain = read_words("insert into t select * from main.u, w").tables

    assert (into.is_read, qualified.is_read, plain.is_read) == (False, True, True)
    assert (into.is_qualified, qualified.is_qualified, plain.is_qualified) == (False, True, False)
