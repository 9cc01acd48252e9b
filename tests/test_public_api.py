"""The door: which names are public, that each is described, and what importing them brings along."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import reactive_nb
from reactive_nb import testing
from reactive_nb.embedding.embedding import Embedding
from reactive_nb.embedding.upkeep import Upkeep
from reactive_nb.engine.engine import Engine
from reactive_nb.engine.past import Past
from reactive_nb.engine.sql_change import SqlChange
from reactive_nb.engine.table_handle import InsertReport, TableHandle
from reactive_nb.engine.transfer_report import ExportReport, LoadReport
from reactive_nb.functions.actions import ActionContext
from reactive_nb.functions.aggregates import Aggregate
from reactive_nb.functions.context import MutationContext, QueryContext
from reactive_nb.functions.database import DatabaseReader, DatabaseWriter, SystemReader
from reactive_nb.functions.environment import Environment
from reactive_nb.functions.function import Function
from reactive_nb.functions.index_range import IndexRange
from reactive_nb.functions.page import Page
from reactive_nb.functions.query_builder import TableQuery
from reactive_nb.functions.range_query import RangeQuery
from reactive_nb.functions.registry import Module
from reactive_nb.functions.scheduler import Scheduler
from reactive_nb.functions.search_filter import SearchCondition, SearchFilter
from reactive_nb.functions.storage import ActionStorage, StorageReader, StorageWriter
from reactive_nb.functions.text_search import TextSearch, TextTerms
from reactive_nb.jobs.cron_table import CronInfo, CronRun, Crons
from reactive_nb.notebook.live import Live
from reactive_nb.schema.evolution import Evolution
from reactive_nb.subscriptions.subscription import Run
from reactive_nb.tables.sql_query import SqlQuery
from reactive_nb.transaction.commit import Commit

PROJECT = Path(__file__).parents[1]

HANDED_OUT = [
    *(Engine, Past, Function, Module, Live, Run, Commit, Evolution, Page),
    *(ActionContext, Scheduler, StorageReader, StorageWriter, ActionStorage, Crons, CronInfo, CronRun, Environment),
    *(QueryContext, MutationContext, DatabaseReader, DatabaseWriter, SystemReader, TableQuery, RangeQuery, IndexRange),
    *(Aggregate, TextSearch, TextTerms, SearchFilter, SearchCondition, Embedding, Upkeep),
    *(SqlQuery, SqlChange, TableHandle, InsertReport, ExportReport, LoadReport),
]
"""What a user gets from the public names and works with."""


def test_these_names_are_public() -> None:
    assert reactive_nb.__all__ == [
        *(
            "HTML",
            "UNSET",
            "AppError",
            "Id",
            "Table",
            "avg",
            "bind",
            "col",
            "connect",
            "count",
            "embed",
            "errors",
            "fuse",
        ),
        *("highlight", "max", "min", "module", "sum", "table", "v"),
    ]
    assert testing.__all__ == ["FakeClock", "IdSource"]


@pytest.mark.parametrize("name", reactive_nb.__all__)
def test_every_public_name_is_there_and_described(name: str) -> None:
    assert inspect.getdoc(getattr(reactive_nb, name))


def members(kind: type[Any]) -> list[str]:
    return [
        name
        for name, member in vars(kind).items()
        if name[0] != "_" and (callable(member) or isinstance(member, property))
    ]


@pytest.mark.parametrize("kind", HANDED_OUT, ids=lambda kind: kind.__name__)
def test_whatever_is_handed_out_is_described_with_all_its_methods(kind: type[Any]) -> None:
    assert kind.__doc__
    assert [name for name in members(kind) if not inspect.getdoc(getattr(kind, name))] == []


@pytest.mark.slow
def test_importing_it_brings_neither_frames_nor_jupyter_along() -> None:
    heavy = ["pandas", "IPython", "anywidget", "ipywidgets", "ipykernel", "asyncio", "pyarrow"]
    program = f"import sys, reactive_nb; print([name for name in {heavy} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
