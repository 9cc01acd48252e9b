"""The options before SQL, and the sentences that answer what cannot be followed."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError

from reactive_nb.notebook.sql_options import SqlOptions, split_sql


@pytest.mark.parametrize(
    ("text", "options", "sql"),
    [
        ("select 1", SqlOptions(), "select 1"),
        ("", SqlOptions(), ""),
        ("-o n --live --db other from t", SqlOptions("n", True, "other"), "from t"),
        ("--db=other -o=n", SqlOptions("n", False, "other"), ""),
        ("  --live  from t -- all", SqlOptions(live=True), "from t -- all"),
        ("-- a comment", SqlOptions(), "-- a comment"),
    ],
)
def test_options_stand_before_the_sql(text: str, options: SqlOptions, sql: str) -> None:
    assert split_sql("%rsql", text) == (options, sql)


USAGE = "Its options are -o NAME, --live and --db VARIABLE."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("--nix", f"%%rsql does not know '--nix'. {USAGE}"),
        ("--name=x", f"%%rsql does not know '--name=x'. {USAGE}"),
        ("--live=yes", "%%rsql --live takes no value, and 'yes' was given."),
        ("-o", f"%%rsql -o needs the name of a variable. {USAGE}"),
        ("-o 1x", f"%%rsql -o needs the name of a variable, and '1x' was given. {USAGE}"),
        ("-o class", f"%%rsql -o needs the name of a variable, and 'class' was given. {USAGE}"),
        ("--db --live", f"%%rsql --db needs the name of a variable, and '--live' was given. {USAGE}"),
    ],
)
def test_what_cannot_be_followed_is_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as raised:
        split_sql("%%rsql", text)

    assert str(raised.value) == sentence
