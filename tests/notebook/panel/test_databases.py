"""The panel's list of databases: in the order in which they were seen first, with their names in the notebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import reactive_nb as rnb
from reactive_nb.engine.engine import Engine
from reactive_nb.notebook.page.hub import Hub
from reactive_nb.notebook.panel import databases
from reactive_nb.notebook.panel.panel import Databases
from tests.conftest import Connect
from tests.notebook.panel.page import FakePace
from tests.tools import insert

if TYPE_CHECKING:
    import pytest


def known(engines: list[Engine]) -> Databases:
    return Databases(Hub(lambda _: None, FakePace, lambda act: act()), lambda: engines)


def test_a_database_is_told_with_its_file_its_commits_and_its_documents(connect: Connect, tmp_path: Path) -> None:
    db = connect(tmp_path / "notes.duckdb")
    db.define(notes=rnb.table())
    insert(db, "notes", {}, {})

    (item,) = databases.items(known([db])).values()

    assert {name: item[name] for name in ("place", "ts", "oldest", "documents")} == {
        "place": "notes.duckdb",
        "ts": db.ts,
        "oldest": db.oldest,
        "documents": 2,
    }


def test_one_in_memory_says_so_and_has_the_name_of_its_variable(db: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "variables", lambda: {id(db): "store"})

    (item,) = databases.items(known([db])).values()

    assert (item["name"], item["variable"], item["place"], item["documents"]) == ("store", "store", "in memory", 0)


def test_one_that_no_variable_holds_is_called_db_and_says_so(db: Engine) -> None:
    (item,) = databases.items(known([db])).values()

    assert (item["name"], item["variable"]) == ("db", None)


def test_one_that_is_opened_later_comes_later_and_a_closed_one_goes(connect: Connect) -> None:
    engines = [connect() for _ in range(12)]
    found = known(engines)
    before = list(databases.items(found))
    engines.insert(0, connect())

    after = list(databases.items(found))
    assert after[:-1] == before

    engines[1].close()
    assert list(databases.items(found)) == after[1:]
