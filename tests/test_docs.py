"""README and reference: their code runs, and they name everything that is public."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import reactive_nb as rnb
from reactive_nb import errors, testing
from reactive_nb.engine import Engine, open_engines
from reactive_nb.functions.actions import ActionContext
from reactive_nb.functions.context import MutationContext
from reactive_nb.functions.database import DatabaseWriter
from reactive_nb.functions.query_builder import TableQuery
from reactive_nb.functions.scheduler import Scheduler
from reactive_nb.functions.search_filter import SearchFilter
from reactive_nb.functions.storage import StorageWriter
from reactive_nb.functions.text_search import TextSearch, TextTerms
from reactive_nb.jobs.cron_table import Crons
from reactive_nb.notebook.live import Live
from reactive_nb.notebook.magics import COMMANDS
from reactive_nb.tables.sql_query import SqlQuery
from reactive_nb.values.validators import v

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
REFERENCE = (ROOT / "docs" / "reference.md").read_text()


def test_every_python_block_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    try:
        for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
            exec(compile(block, "README.md", "exec"), names)
    finally:
        for engine in open_engines():
            engine.close()

    assert "because send (commit 2) inserted" in capsys.readouterr().out


def test_every_file_that_the_readme_links_to_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]

    assert [link for link in links if not (ROOT / link).exists()] == []


def names_of(kind: type, inherited: type = object) -> list[str]:
    return [name for name in dir(kind) if not name.startswith("_") and not hasattr(inherited, name)]


# What a user never calls: the engine hands it to its own parts.
INTERNAL = {
    "add call submit live form button hold move let_go checked find check closed ids path",
    "catch_up arrive subscription part part_if_made call_inside reading now_ms files remove sql_in sql_at",
    "compiled text question whole",
    "take_news announce engine transaction uses_chance note_chance observe unobserve is_live_result",
}


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("reactive_nb", list(rnb.__all__)),
        ("reactive_nb.testing", list(testing.__all__)),
        ("validators", names_of(v)),
        ("database", names_of(Engine)),
        ("context", [*names_of(MutationContext), *names_of(ActionContext)]),
        ("scheduler", names_of(Scheduler)),
        ("crons", names_of(Crons)),
        ("storage", names_of(StorageWriter)),
        ("ctx.db", names_of(DatabaseWriter)),
        ("query", names_of(TableQuery)),
        ("search", [*names_of(TextSearch), *names_of(TextTerms), *names_of(SearchFilter)]),
        ("live result", [*vars(Live)]),
        ("SQL", names_of(SqlQuery)),
        ("magics", [command for command, _ in COMMANDS]),
        (
            "error codes",
            [each.code for _, each in inspect.getmembers(errors, inspect.isclass) if hasattr(each, "code")],
        ),
    ],
)
def test_the_reference_names_everything_public(kind: str, names: list[str]) -> None:
    internal = {name for line in INTERNAL for name in line.split()}
    public = [name for name in names if not name.startswith("_") and name not in internal]

    assert [name for name in public if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", REFERENCE)] == [], kind
